import { Win32Error } from '../../errors.ts';

// A device is neither created nor replaced, others need it meanwhile, and file systems differ in what they answer to
// an attempt to create one.
const DEVICE = /^[\\/]{2}\.[\\/]|^[\\/]{2}\?[\\/]Volume\{[^}]*\}$/i;

export function isDevice(path: string): boolean {
  return DEVICE.test(path);
}

export const ERROR_SHARING_VIOLATION = 32;

export function isErrno(error: unknown, ...errnos: readonly number[]): boolean {
  return error instanceof Win32Error && errnos.includes(error.errno);
}
