import { win32 } from 'node:path';
import { isDevicePath } from '../../path.ts';

/** The path as CreateFileW takes it whatever its length; a device path is left alone. */
export function nativePath(path: string): string {
  if (isDevicePath(path) || path.startsWith('\\\\?\\')) return path;
  return win32.toNamespacedPath(win32.resolve(path));
}

/** Text that Windows wrote as UTF-16 into a buffer, up to its NUL. */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf16le');
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
