import { deepEqual, equal } from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OffloadToken } from '../../src/index.ts';
import { BORROWED, type Stub } from './stub-kernel.ts';

const SECTOR = 512;
const OPEN = { read: true, write: true, disposition: 'open' } as const;
const READ = { copyLength: SECTOR };

/** Calls each asynchronous function of the kernel that may block. The source holds four sectors of sevens. */
export async function useEveryFunction(stub: Stub, folder: string, source: string): Promise<void> {
  const { files, odx } = stub;
  const scratch = join(folder, 'scratch.bin');
  const copied = join(folder, 'copied.bin');
  rmSync(scratch, { force: true });
  const borrowed = odx.offloadRead(BORROWED, READ);
  const [file, device, volume] = await Promise.all([
    odx.openFile(scratch, 'wx', { size: SECTOR }),
    files.openDevice(source),
    files.volume(source),
  ]);
  equal(volume.fileSystem, 'NTFS');
  const from = await files.open(source, OPEN);
  const bytes = Buffer.alloc(SECTOR);
  await Promise.all([
    odx.offloadRead(file, READ),
    odx.offloadWrite(file, { token: OffloadToken.zeroData(), copyLength: SECTOR }),
    file.setSize(2 * SECTOR),
    files.read(from, bytes, 0n),
    files.write(file.handle, Buffer.alloc(SECTOR, 1), 0n),
    files.copyMetadata(from, file.handle),
    files.flush(file.handle),
    files.openUnbuffered(from).then((again) => files.close(again)),
    files.find(source),
    files.streams(from),
    files.copy(source, copied, { failIfExists: false, allowDecrypted: false }),
    odx.queryCopyOffload(device).catch(() => undefined),
    files.info(device, '\\\\.\\C:'),
    borrowed,
  ]);
  deepEqual(bytes, Buffer.alloc(SECTOR, 7));
  deepEqual(readFileSync(copied), readFileSync(source));
  await files.remove(file.handle);
  await Promise.all([file.close(), files.close(device), files.close(from)]);
  equal(existsSync(scratch), false);
  // A share has no volume name, and a file that may not be opened is found by its name.
  await files.volume(`//server/share${source}`);
  stub.set('CreateFileW', 'fail', 5);
  await files.volume(source);
  stub.set('CreateFileW', 'fail', 0);
}
