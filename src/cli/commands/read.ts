import { stat } from 'node:fs/promises';
import type { OffloadFile, OffloadReadResult } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { facts, formatCount, formatExactSize, hex } from '../format.ts';
import { writeNewFile } from '../new-file.ts';
import { parseSize, parseTime, plain } from '../size.ts';
import { RequestError } from '../usage-error.ts';

const ONLY_THE_OWNER = 0o600;

export const read: Command = defineCommand({
  name: 'read',
  operands: 'FILE',
  count: [1, 1],
  summary: 'turn a range of a file into a token (one offload read)',
  notes: [
    'Prints what tells the token from others, never the token itself: whoever has it can have the data written ' +
      'somewhere. --out saves its 512 bytes in a file that only you may read (on Windows: whoever may read its folder), ' +
      'to be carried to another host. One token may cover less than was asked: look at the transfer length.',
    'A token of the emulator is known only to the process that read it and is worth nothing afterwards; ' +
      'odx repl --emulate keeps one process for both halves.',
  ],
  spelling: {
    path: 'FILE',
    copyLength: '--length',
    fileOffset: '--offset',
    tokenTimeToLive: '--time-to-live',
  },
  options: {
    offset: { type: 'string', value: 'SIZE', help: 'where the range begins; default 0' },
    length: { type: 'string', value: 'SIZE', help: 'how long it is; default: to the end of the file' },
    'time-to-live': {
      type: 'string',
      value: 'TIME',
      help: 'how long the token is to be good for; default: as the storage likes',
    },
    out: { type: 'string', value: 'FILE', help: 'save the token' },
    force: { type: 'boolean', help: 'with --out: replace a file that is there' },
  },
  examples: [
    { line: 'read big.vhdx', does: 'what one token covers of the file' },
    { line: 'read big.vhdx --offset 1MiB --length 64KiB --out big.token', does: 'save the token of a range' },
    {
      line: 'read big.vhdx --length 0x10000 --time-to-live 30s --json',
      does: 'a token for half a minute, as JSON',
    },
  ],
  async run([path = ''], values, { kernels, interruptible }) {
    const fileOffset = values.offset === undefined ? 0n : parseSize('--offset', values.offset);
    const length = values.length === undefined ? undefined : parseSize('--length', values.length);
    const life = values['time-to-live'];
    const tokenTimeToLive = life === undefined ? 0 : parseTime('--time-to-live', life);
    if (values.out !== undefined) await refuseSource(path, values.out);
    const { odx, emulator } = await kernels.bind();
    const signal = interruptible();
    const file = await odx.openFile(path, 'r');
    try {
      const copyLength = length ?? restFrom(fileOffset, file);
      const result = await odx.offloadRead(file, {
        fileOffset: plain(fileOffset),
        copyLength: plain(copyLength),
        tokenTimeToLive,
        signal,
      });
      const { token, transferLength, allZeroBeyondRange, flags } = result;
      const { fingerprint, type, isZeroData } = token;
      const force = values.force ?? false;
      if (values.out !== undefined)
        await writeNewFile(values.out, token.bytes, { force, mode: ONLY_THE_OWNER });
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
          ...(values.out !== undefined && { out: values.out }),
        },
        text: `${path}\n${facts([
          ['fingerprint', fingerprint],
          ['type', `${hex(type)}${isZeroData ? ', the token of zeros' : ''}`],
          ['transfer length', `${formatExactSize(transferLength)} from offset ${formatCount(fileOffset)}`],
          ['rest', restOf(fileOffset, copyLength, file.size, result)],
          [
            'saved',
            values.out === undefined ? undefined : savedAs(values.out, emulator !== undefined && !isZeroData),
          ],
        ])}`,
      };
    } finally {
      await file.close();
    }
  },
});

// Its own token would be all that is left of it.
async function refuseSource(source: string, out: string): Promise<void> {
  const [read, written] = await Promise.all([source, out].map((path) => stat(path).catch(() => undefined)));
  if (read === undefined || written === undefined) return;
  if (read.dev === written.dev && read.ino === written.ino) {
    throw new RequestError(`--out is ${out}, which is ${source} itself; save the token in another file.`);
  }
}

function restFrom(offset: bigint, { path, size, sectorSize }: OffloadFile): bigint {
  if (offset > size) {
    throw new RequestError(
      `--offset is ${formatCount(offset)}, and ${path} ends at ${formatCount(size)}; begin within the file.`,
    );
  }
  // An offset that is not legal is to be complained of alone.
  return offset % BigInt(sectorSize) === 0n ? size - offset : 0n;
}

function restOf(
  offset: bigint,
  asked: bigint,
  size: bigint,
  { transferLength, allZeroBeyondRange }: OffloadReadResult,
): string | undefined {
  const next = offset + transferLength;
  const end = offset + asked;
  if (next >= end) return undefined;
  if (next >= size) return `the file ends at ${formatCount(size)}, before the range does`;
  const where = `${formatCount((end < size ? end : size) - next)} bytes of what was asked`;
  return allZeroBeyondRange
    ? `${where} are zeros up to the end of the file`
    : `${where} need another token: --offset ${next}`;
}

function savedAs(path: string, emulated: boolean): string {
  return emulated ? `${path} (a token of the emulator, which died with this process)` : path;
}
