import { createOdx, type Odx, type OffloadFile } from '../../src/index.ts';
import type { FileKernel } from '../../src/kernel/kernel.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { available, DISKS } from '../wine/driver.ts';

/** Whether the driver that plays the array runs here. Cases that need it are reported as skipped where it does not. */
export const onDriver: boolean = available();

const kernel = onDriver ? loadKernel32() : undefined;

/** The functions of the package on a kernel32 of their own. */
export const odx: Odx = kernel === undefined ? unavailable<Odx>() : createOdx({ kernel });

/** The files of that kernel. */
export const files: FileKernel = kernel?.files ?? unavailable<FileKernel>();

/** Two disks with sectors of 512 bytes. */
export async function pair(): Promise<{
  source: OffloadFile;
  destination: OffloadFile;
  close(): Promise<void>;
}> {
  const [source, destination] = await Promise.all([
    odx.openFile(DISKS[0]?.path ?? '', 'r+'),
    odx.openFile(DISKS[1]?.path ?? '', 'r+'),
  ]);
  return {
    source,
    destination,
    async close() {
      await source.close();
      await destination.close();
    },
  };
}

function unavailable<T extends object>(): T {
  return new Proxy({} as T, {
    get() {
      throw new Error('The driver is not running.');
    },
  });
}
