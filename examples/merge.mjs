// Merges the changed blocks of a disk image into its parent, with one copyRange per run of blocks.
//
//   node examples/merge.mjs changes.json child.vhdx parent.vhdx
//
// changes.json lists the changed ranges in bytes, multiples of the sector: [{ "offset": 1048576, "length": 65536 }, ...]
// Changed block tracking (Hyper-V's RCT, or your backup program) reports such a list. Nothing outside the ranges is
// written, and the child is only read: keep it until the merge has ended well. A merge that fails half-way is completed
// by the same command. Off Windows this uses the emulator, which works on real files.
import { readFile } from 'node:fs/promises';
import * as windows from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

const { createOdx, isSupported } = windows;
const { copyRange, openFile } = isSupported ? windows : createOdx({ kernel: createEmulator() });
if (!isSupported) console.error('Not Windows: using the emulator.');

const [list, childPath, parentPath] = process.argv.slice(2);
if (list === undefined || childPath === undefined || parentPath === undefined) {
  console.error('Usage: node merge.mjs CHANGES CHILD PARENT');
  process.exit(2);
}

const changes = runsOf(JSON.parse(await readFile(list, 'utf8')));
const child = await openFile(childPath, 'r');
const parent = await openFile(parentPath, 'r+');
try {
  // All of the list is checked before the first byte is written.
  const unit = Math.max(child.sectorSize, parent.sectorSize);
  if (child.size !== parent.size) throw new Error('The child and the parent must have the same size.');
  for (const { offset, end } of changes) {
    const isWhole = offset % unit === 0 && (end % unit === 0 || BigInt(end) === child.size);
    if (!isWhole) throw new Error(`The range ${offset} to ${end} is not a multiple of ${unit} bytes.`);
    if (BigInt(end) > child.size) throw new Error(`The range ${offset} to ${end} ends beyond the child.`);
  }

  let bytes = 0n;
  let offloaded = 0n;
  for (const { offset, end } of changes) {
    const range = { sourceOffset: offset, destinationOffset: offset, length: end - offset };
    const report = await copyRange(child, parent, { ...range, verify: true });
    bytes += report.bytes;
    offloaded += report.offloadedBytes + report.zeroedBytes;
  }
  console.log(`${bytes} bytes in ${changes.length} ranges merged, ${offloaded} of them by the storage.`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  await parent.close();
  await child.close();
}

/** The ranges in ascending order, those that touch or overlap joined: fewer calls, and no byte is copied twice. */
function runsOf(ranges) {
  const runs = [];
  for (const { offset, length } of ranges.toSorted((a, b) => a.offset - b.offset)) {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length <= 0) {
      throw new Error(`Not a range: offset ${offset}, length ${length}.`);
    }
    const last = runs.at(-1);
    if (last !== undefined && offset <= last.end) last.end = Math.max(last.end, offset + length);
    else runs.push({ offset, end: offset + length });
  }
  return runs;
}
