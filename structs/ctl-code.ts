/** How the buffers of a control code reach the driver. */
export const METHOD_BUFFERED = 0;

/** What a handle must be allowed to do before the I/O manager lets a control code through. */
export const FILE_ANY_ACCESS = 0;
export const FILE_READ_ACCESS = 1;
export const FILE_WRITE_ACCESS = 2;

/** The device types that the control codes here belong to. */
export const FILE_DEVICE_DISK = 0x07;
export const FILE_DEVICE_FILE_SYSTEM = 0x09;
export const FILE_DEVICE_MASS_STORAGE = 0x2d;

/**
 * Composes a control code from its parts, as the macro of the headers does, and keeps it unsigned:
 * `(deviceType << 16) | (access << 14) | (fn << 2) | method`.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/kernel/defining-i-o-control-codes
 */
export function CTL_CODE(deviceType: number, fn: number, method: number, access: number): number {
  return ((deviceType << 16) | (access << 14) | (fn << 2) | method) >>> 0;
}
