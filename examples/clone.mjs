// Clones a golden image to many new files. Each part of the image is read as one token, which is written to every clone.
//
//   node examples/clone.mjs golden.vhdx clone-1.vhdx clone-2.vhdx clone-3.vhdx
//
// No clone may exist yet. If something fails, the clones made so far are removed. What the storage does not offload is
// copied by ordinary reads and writes. Off Windows this uses the emulator, which works on real files.
import { rm, stat } from 'node:fs/promises';
import * as windows from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

const { createOdx, isSupported, OdxError } = windows;
const { copyRange, offloadRead, offloadWrite, openFile } = isSupported
  ? windows
  : createOdx({ kernel: createEmulator() });
if (!isSupported) console.error('Not Windows: using the emulator.');

const [image, ...paths] = process.argv.slice(2);
if (image === undefined || paths.length === 0) {
  console.error('Usage: node clone.mjs IMAGE CLONE...');
  process.exit(2);
}

const before = await stat(image);
const golden = await openFile(image, 'r');
const clones = [];
let tokens = 0;
let ordinaryBytes = 0n;
try {
  // 'wx' refuses a file that exists.
  for (const path of paths) clones.push(await openFile(path, 'wx', { size: golden.size }));

  let offset = 0n;
  while (offset < golden.size) {
    const extent = await readToken(offset);
    const from = offset;
    await Promise.all(clones.map((clone) => writeExtent(clone, from, extent)));
    offset += extent.length;
  }

  const after = await stat(image);
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new Error(`${image} was changed while it was cloned.`);
  }
  for (const clone of clones) await clone.close();
  console.log(`${clones.length} clones of ${golden.size} bytes with ${tokens} tokens.`);
  if (ordinaryBytes > 0n) console.log(`${ordinaryBytes} bytes were not offloaded.`);
} catch (error) {
  for (const clone of clones) {
    await clone.close();
    await rm(clone.path);
  }
  console.error(String(error));
  process.exitCode = 1;
} finally {
  // Only now: some servers discard the tokens of a file that is closed.
  await golden.close();
}

/** The token that represents the image from an offset on, and how much it covers. Without one, all the rest. */
async function readToken(offset) {
  const rest = golden.size - offset;
  try {
    const { token, transferLength } = await offloadRead(golden, { fileOffset: offset, copyLength: rest });
    tokens++;
    return { token, length: transferLength };
  } catch (error) {
    if (!(error instanceof OdxError)) throw error;
    console.error(`${image} is not offloaded from ${offset} on: ${error.message}`);
    return { token: undefined, length: rest };
  }
}

/** Writes a part of the image to a clone, in as many writes as the storage needs. */
async function writeExtent(clone, offset, { token, length }) {
  let done = 0n;
  try {
    while (token !== undefined && done < length) {
      const { lengthWritten } = await offloadWrite(clone, {
        token,
        transferOffset: done,
        fileOffset: offset + done,
        copyLength: length - done,
      });
      done += lengthWritten;
    }
  } catch (error) {
    if (!(error instanceof OdxError)) throw error;
    console.error(`${clone.path} is not offloaded from ${offset + done} on: ${error.message}`);
  }
  if (done === length) return;
  // copyRange reads tokens of its own, and copies by ordinary reads and writes where it gets none.
  const at = offset + done;
  const range = { sourceOffset: at, destinationOffset: at, length: length - done };
  const { bufferedBytes } = await copyRange(golden, clone, range);
  ordinaryBytes += bufferedBytes;
}
