// Fills a disk image with zeros. The storage writes them; no data passes through this host.
//
//   node examples/zero.mjs scratch.img           shows what would be erased
//   node examples/zero.mjs scratch.img --erase   ERASES all of the image; its size stays
//
// If the storage refuses, ordinary writes do the rest. Zeros are no proof that the old data has left the medium.
// Off Windows this uses the emulator, which works on real files.
import { open } from 'node:fs/promises';
import * as windows from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

const { createOdx, isSupported, OdxError } = windows;
const { openFile, zeroRange } = isSupported ? windows : createOdx({ kernel: createEmulator() });
if (!isSupported) console.error('Not Windows: using the emulator.');

const STEP = 256n * 1024n * 1024n;
const [path, confirmation, ...rest] = process.argv.slice(2);
if (path === undefined || rest.length > 0 || (confirmation !== undefined && confirmation !== '--erase')) {
  console.error('Usage: node zero.mjs IMAGE [--erase]');
  process.exit(2);
}

const image = await openFile(path, 'r+');
try {
  const { size } = image;
  if (confirmation === undefined) {
    console.log(`${path} holds ${size} bytes. Pass --erase to replace all of them with zeros.`);
  } else {
    const zeroed = await zeroByStorage(size);
    if (zeroed < size) await zeroByHost(zeroed, size);
    console.log(`${size} bytes are zero, ${zeroed} of them written by the storage.`);
  }
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  await image.close();
}

/** Zeros the image in steps, for the sake of progress. Returns where the storage refused to go on. */
async function zeroByStorage(size) {
  for (let offset = 0n; offset < size; offset += STEP) {
    const length = size - offset < STEP ? size - offset : STEP;
    try {
      await zeroRange(image, { fileOffset: offset, length });
    } catch (error) {
      if (!(error instanceof OdxError)) throw error;
      console.error(`The storage wrote ${offset} of ${size} bytes: ${error.message}`);
      return offset;
    }
    console.error(`${((offset + length) * 100n) / size} %`);
  }
  return size;
}

async function zeroByHost(from, size) {
  const zeros = Buffer.alloc(1024 * 1024);
  const file = await open(image.path, 'r+');
  try {
    for (let position = Number(from); position < size; ) {
      const length = Math.min(zeros.length, Number(size) - position);
      position += (await file.write(zeros, 0, length, position)).bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
