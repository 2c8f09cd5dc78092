import { describeValue } from './describe.ts';
import { type Field, field } from './fields.ts';
import { checkArgument } from './request.ts';

const DEVICE = /^[\\/]{2}\.[\\/]|^[\\/]{2}\?[\\/]Volume\{[^}]*\}$/i;
const NUL = '\0';

/**
 * Whether a path names a volume or a disk itself: `\\.\D:`, `\\.\PhysicalDrive1`, `\\?\Volume{...}`. A device is neither
 * created nor replaced.
 */
export function isDevicePath(path: string): boolean {
  return DEVICE.test(path);
}

/** Checks an argument that is the path of a file, folder or device. */
export function checkPath(argument: string, path: unknown): string {
  return checkArgument(argument, filePath, path);
}

export const filePath: Field<string> = field<string>(
  (value) => typeof value === 'string' && value !== '' && !value.includes(NUL),
  (argument, value) => {
    const hasNul = typeof value === 'string' && value.includes(NUL);
    const shown = hasNul ? 'a string with a NUL character' : describeValue(value);
    return (nameOf) =>
      `${nameOf(argument)} is ${shown}; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.`;
  },
);
