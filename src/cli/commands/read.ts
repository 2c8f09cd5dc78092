import { stat } from 'node:fs/promises';
import type { OffloadFile, OffloadReadResult } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { RequestError } from '../errors.ts';
import { facts, writeNewFile } from '../output.ts';
import { byteCount, formatCount, formatExactSize, hex, parseSize, parseTime } from '../quantities.ts';

export const read: Command = defineCommand({
  name: 'read',
  operands: 'FILE',
  count: [1, 1],
  summary: 'turn a range of a file into a token',
  usesKernel: true,
  completion: 'paths',
  notes: [
    'Makes one offload read. Prints a fingerprint, never the token itself: anyone who has the token can have the data ' +
      'written somewhere else. ' +
      '--out saves its 512 bytes in a file that only you may read (on Windows: anyone who may read its folder), so that ' +
      'it can be carried to another host.',
    'One token may stand for less than the range: the transfer length says how much.',
    'A token of the emulator is valid only in the process that read it; odx repl --emulate runs both halves in one process.',
  ],
  fieldNames: {
    path: 'FILE',
    copyLength: '--length',
    fileOffset: '--offset',
    tokenTimeToLive: '--time-to-live',
  },
  options: {
    offset: { type: 'string', value: 'SIZE', help: 'start of the range; default 0' },
    length: { type: 'string', value: 'SIZE', help: 'length of the range; default: to the end of the file' },
    'time-to-live': {
      type: 'string',
      value: 'TIME',
      help: 'how long the token should be valid; default: as the storage decides',
    },
    out: { type: 'string', value: 'FILE', help: 'save the token' },
    force: { type: 'boolean', help: 'with --out: replace an existing file' },
  },
  examples: [
    { line: 'read big.vhdx', does: 'see how much of the file one token stands for' },
    { line: 'read big.vhdx --offset 1MiB --length 64KiB --out big.token', does: 'save the token of a range' },
    {
      line: 'read big.vhdx --length 0x10000 --time-to-live 30s --json',
      does: 'a token for half a minute, as JSON',
    },
  ],
  async run([path = ''], values, { kernels, interruptible }) {
    const { out, force = false } = values;
    const fileOffset = values.offset === undefined ? 0n : parseSize('--offset', values.offset);
    const length = values.length === undefined ? undefined : parseSize('--length', values.length);
    const timeToLive = values['time-to-live'];
    const tokenTimeToLive = timeToLive === undefined ? 0 : parseTime('--time-to-live', timeToLive);
    if (out !== undefined) await checkNotSource(path, out);
    const { odx, emulator } = await kernels.load();
    const signal = interruptible();
    const file = await odx.openFile(path, 'r');
    try {
      const copyLength = length ?? restOfFile(fileOffset, file);
      const result = await odx.offloadRead(file, {
        fileOffset: byteCount(fileOffset),
        copyLength: byteCount(copyLength),
        tokenTimeToLive,
        signal,
      });
      const { token, transferLength, allZeroBeyondRange, flags } = result;
      const { fingerprint, type, isZeroData } = token;
      if (out !== undefined) await writeNewFile(out, token.bytes, { force, mode: OWNER_ONLY });
      const isEmulated = emulator !== undefined && !isZeroData;
      return {
        data: {
          path,
          fingerprint,
          type,
          isZeroData,
          fileOffset,
          copyLength,
          transferLength,
          allZeroBeyondRange,
          flags,
          ...(out !== undefined && { out }),
        },
        text: `${path}\n${facts([
          ['fingerprint', fingerprint],
          ['type', `${hex(type)}${isZeroData ? ', the token of zeros' : ''}`],
          ['transfer length', `${formatExactSize(transferLength)} from offset ${formatCount(fileOffset)}`],
          ['rest', restOfRange(fileOffset, copyLength, file.size, result)],
          ['saved', out && `${out}${isEmulated ? ' (a token of the emulator, no longer valid)' : ''}`],
        ])}`,
      };
    } finally {
      await file.close();
    }
  },
});

const OWNER_ONLY = 0o600;

// The token would replace the data that it stands for.
async function checkNotSource(source: string, out: string): Promise<void> {
  const [a, b] = await Promise.all([source, out].map((path) => stat(path).catch(() => undefined)));
  if (a === undefined || b === undefined || a.dev !== b.dev || a.ino !== b.ino) return;
  throw new RequestError(`--out is ${out}, which is ${source} itself; save the token in another file.`);
}

function restOfFile(offset: bigint, { path, size, sectorSize }: OffloadFile): bigint {
  if (offset > size) {
    throw new RequestError(
      `--offset is ${formatCount(offset)}, and ${path} ends at ${formatCount(size)}; begin within the file.`,
    );
  }
  // With an illegal offset, the length must be legal, so that the message names only the offset.
  return offset % BigInt(sectorSize) === 0n ? size - offset : 0n;
}

/** What a token does not cover, for people; undefined where it covers the range. */
export function restOfRange(
  offset: bigint,
  copyLength: bigint,
  size: bigint,
  { transferLength, allZeroBeyondRange }: Pick<OffloadReadResult, 'transferLength' | 'allZeroBeyondRange'>,
): string | undefined {
  const next = offset + transferLength;
  const end = offset + copyLength;
  if (next >= end) return undefined;
  if (next >= size) return `the file ends at ${formatCount(size)}, before the range does`;
  const left = `${formatCount((end < size ? end : size) - next)} bytes of the range`;
  return allZeroBeyondRange
    ? `${left} are zeros up to the end of the file`
    : `${left} need another token: --offset ${next}`;
}
