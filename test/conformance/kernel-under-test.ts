import { available } from '../wine/driver.ts';
import type { KernelUnderTest } from './fixture.ts';
import { onDriver } from './on-driver.ts';
import { onEmulator } from './on-emulator.ts';
import { onWindows } from './on-windows.ts';

/** The driver alone if it is asked for; otherwise the emulator, and on Windows also the driver where it runs, or else a real volume. */
export const kernels: readonly KernelUnderTest[] = choose();

function choose(): KernelUnderTest[] {
  if (process.env['WIN_ODX_KERNEL'] === 'driver') {
    if (!available()) throw new Error('WIN_ODX_KERNEL is driver, but the driver is not running.');
    // The emulator answers the same everywhere, and its files on Windows have tests of their own.
    return [onDriver];
  }
  const all = [onEmulator];
  if (process.platform === 'win32') all.push(available() ? onDriver : onWindows);
  return all;
}
