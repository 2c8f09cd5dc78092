const DEVICE = /^[\\/]{2}\.[\\/]|^[\\/]{2}\?[\\/]Volume\{[^}]*\}$/i;

/**
 * Whether a path names a volume or a disk itself: `\\.\D:`, `\\.\PhysicalDrive1`, `\\?\Volume{...}`. A device is neither
 * created nor replaced, and others need it meanwhile.
 */
export function isDevicePath(path: string): boolean {
  return DEVICE.test(path);
}
