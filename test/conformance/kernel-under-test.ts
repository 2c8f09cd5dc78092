import { available } from '../wine/driver.ts';
import { onDriver } from './on-driver.ts';
import { onEmulator } from './on-emulator.ts';
import { onWindows } from './on-windows.ts';
import type { KernelUnderTest } from './stage.ts';

/** The driver where it runs, a real volume on Windows without it, the emulator everywhere; WIN_ODX_KERNEL names one alone. */
export const kernels: readonly KernelUnderTest[] = choose();

function choose(): KernelUnderTest[] {
  const wanted = process.env['WIN_ODX_KERNEL'];
  if (wanted === 'driver' && !available())
    throw new Error('WIN_ODX_KERNEL asks for the driver, which is not running.');
  const all = [onEmulator];
  if (process.platform === 'win32') all.push(available() ? onDriver : onWindows);
  return all;
}
