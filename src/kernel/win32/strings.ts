import { win32 } from 'node:path';

const DEVICE = /^[\\/]{2}\.[\\/]/;
const VOLUME = /^[\\/]{2}\?[\\/]Volume\{[^}]*\}$/i;

/** Whether a path names a volume or a disk itself: `\\.\D:`, `\\.\PhysicalDrive1`, `\\?\Volume{...}`. */
export function isDevicePath(path: string): boolean {
  return DEVICE.test(path) || VOLUME.test(path);
}

/** The path as CreateFileW takes it whatever its length; a device path is left alone. */
export function nativePath(path: string): string {
  if (DEVICE.test(path) || path.startsWith('\\\\?\\')) return path;
  return win32.toNamespacedPath(win32.resolve(path));
}

/** Text that Windows wrote as UTF-16 into a buffer, up to its NUL. */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf16le');
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
