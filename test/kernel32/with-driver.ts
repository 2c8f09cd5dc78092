import { createOdx, type Odx, type OffloadFile } from '../../src/index.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { available, DISKS } from '../wine/driver.ts';

/** Whether the driver that plays the array runs here. Cases that need it are reported as skipped where it does not. */
export const onDriver: boolean = available();

/** Bound to a kernel32 of its own, loaded with the first case that runs. */
export const odx: Odx = onDriver ? createOdx({ kernel: loadKernel32() }) : unavailable();

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

function unavailable(): Odx {
  return new Proxy({} as Odx, {
    get() {
      throw new Error('The driver is not running.');
    },
  });
}
