import { type CopyOffload, queryDeviceBeneath } from '../copy-offload.ts';
import { ProtocolError, Win32Error } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** What the device beneath a path says of its copy offload, or why it says nothing. */
export type Descriptor =
  | { readonly copyOffload: CopyOffload }
  | { readonly failure: Win32Error | ProtocolError };

export async function descriptorOf(kernel: Kernel, path: string, sectorSize: number): Promise<Descriptor> {
  try {
    return { copyOffload: await queryDeviceBeneath(kernel, path, sectorSize) };
  } catch (error) {
    if (error instanceof Win32Error || error instanceof ProtocolError) return { failure: error };
    throw error;
  }
}
