import { readFile, rm } from 'node:fs/promises';
import type { Odx, OffloadFile, OffloadToken } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { AdvisedError, hostError, unlessInterrupted } from '../errors.ts';
import { facts, formatCount, formatExactSize, plural } from '../format.ts';
import { parseSize, plain } from '../size.ts';
import { RequestError, UsageError } from '../usage-error.ts';

const TOKEN_BYTES = 512;

interface WriteJob {
  readonly token: OffloadToken;
  readonly fileOffset: bigint;
  readonly transferOffset: bigint;
  readonly signal: AbortSignal;
  done: bigint;
  writes: number;
}

export const write: Command = defineCommand({
  name: 'write',
  operands: 'FILE --token FILE',
  count: [1, 1],
  summary: 'write what a token stands for into a file (offload writes)',
  notes: [
    'A file that is not there is created, and one that is too short is made longer first, since an offload write never ' +
      'extends a file. As many offload writes are made as it takes.',
    'A token of the emulator is known only to the process that read it: here it can write none but the token of ' +
      'zeros. odx repl --emulate keeps one process for both halves.',
    "The token of zeros is saved in odx repl by fs.writeFileSync('zeros.token', OffloadToken.zeroData().bytes).",
  ],
  spelling: {
    path: 'FILE',
    copyLength: '--length',
    fileOffset: '--offset',
    transferOffset: '--transfer-offset',
  },
  options: {
    token: { type: 'string', value: 'FILE', help: 'the token that odx read --out saved, or its base64' },
    offset: { type: 'string', value: 'SIZE', help: 'where in FILE to write; default 0' },
    length: { type: 'string', value: 'SIZE', help: 'how much; default: to the end of FILE, if it is there' },
    'transfer-offset': {
      type: 'string',
      value: 'SIZE',
      help: 'where in what the token stands for to begin; default 0',
    },
  },
  examples: [
    {
      line: 'write disk1.img --token zeros.token --offset 64KiB --length 0x10000',
      does: 'into a range of a file',
    },
    { line: 'write new.img --token zeros.token --length 1MiB --json', does: 'into a new file of 1 MiB' },
  ],
  async run([path = ''], values, { kernels, interruptible }) {
    if (values.token === undefined) throw new UsageError('odx write needs --token FILE.');
    const size = (name: 'offset' | 'length' | 'transfer-offset'): bigint | undefined =>
      values[name] === undefined ? undefined : parseSize(`--${name}`, values[name]);
    const fileOffset = size('offset') ?? 0n;
    const transferOffset = size('transfer-offset') ?? 0n;
    const asked = size('length');
    const token = await loadToken(values.token);
    const { odx, emulator } = await kernels.bind();
    const signal = interruptible();
    const end = asked === undefined ? undefined : fileOffset + asked;
    const { file, created } = await openDestination(odx, path, end);
    const before = created ? 0n : file.size;
    const job = { token, fileOffset, transferOffset, signal, done: 0n, writes: 0 };
    let finished = false;
    try {
      const length = asked ?? restFrom(fileOffset, file);
      if (!created) await makeRoom(file, fileOffset, end ?? before);
      await writeAll(odx, file, job, length, emulator !== undefined);
      finished = true;
      return {
        data: {
          path,
          fingerprint: token.fingerprint,
          fileOffset,
          transferOffset,
          lengthWritten: length,
          writes: job.writes,
        },
        text: `${path}\n${facts([
          [
            'written',
            `${formatExactSize(length)} from offset ${formatCount(fileOffset)}, ${plural(job.writes, 'offload write')}`,
          ],
          ['token', token.fingerprint],
        ])}`,
      };
    } catch (error) {
      throw unlessInterrupted(
        error,
        created
          ? 'The file that was begun is removed; run the same command again.'
          : 'Part of the range may be written already; run the same command again.',
      );
    } finally {
      if (!finished && !created) await cut(file, longest(before, fileOffset + job.done));
      await file.close();
      if (created && !finished) await rm(path, { force: true });
    }
  },
});

async function loadToken(path: string): Promise<OffloadToken> {
  const { OffloadToken: Token } = await import('../../index.ts');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw hostError(path, 'read', error);
  });
  try {
    // Tools that write base64 break its lines.
    return Token.from(bytes.length === TOKEN_BYTES ? bytes : bytes.toString('utf8').replace(/\s/g, ''));
  } catch (error) {
    // The message of the library would speak of strings and arrays.
    throw new RequestError(`${path} holds no token: that is ${TOKEN_BYTES} bytes, or their base64.`, {
      cause: error,
    });
  }
}

async function openDestination(
  odx: Odx,
  path: string,
  end: bigint | undefined,
): Promise<{ file: OffloadFile; created: boolean }> {
  let file: OffloadFile;
  try {
    file = await odx.openFile(path, 'r+');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ERROR_FILE_NOT_FOUND';
    if (!missing) throw error;
    if (end === undefined) {
      throw new RequestError(`${path} is not there; say with --length how long to make it.`, {
        cause: error,
      });
    }
    return { file: await odx.openFile(path, 'wx', { size: end }), created: true };
  }
  return { file, created: false };
}

function restFrom(offset: bigint, { path, size }: OffloadFile): bigint {
  if (offset < size) return size - offset;
  throw new RequestError(
    `--offset is ${formatCount(offset)}, and ${path} ends at ${formatCount(size)}; say with --length how much to write.`,
  );
}

// What a gap would hold is nobody's to say, so Windows refuses to write behind one.
async function makeRoom(file: OffloadFile, offset: bigint, end: bigint): Promise<void> {
  if (offset > file.size) {
    throw new RequestError(
      `--offset is ${formatCount(offset)}, and ${file.path} ends at ${formatCount(file.size)}; begin within the file or at its end.`,
    );
  }
  if (file.size < end) await file.setSize(end);
}

/** Takes back the room that was made in vain. The failure that made it vain is on its way to the user. */
async function cut(file: OffloadFile, size: bigint): Promise<void> {
  if (file.size > size) await file.setSize(size).catch(() => {});
}

function longest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

// One offload write may do less than was asked: what it did decides where the next one begins.
async function writeAll(
  odx: Odx,
  file: OffloadFile,
  job: WriteJob,
  length: bigint,
  emulated: boolean,
): Promise<void> {
  while (job.done < length) {
    const { lengthWritten } = await offloadWrite(odx, file, job, length - job.done, emulated);
    job.writes++;
    job.done += lengthWritten;
  }
}

async function offloadWrite(
  odx: Odx,
  file: OffloadFile,
  { token, fileOffset, transferOffset, done, signal }: WriteJob,
  length: bigint,
  emulated: boolean,
): Promise<{ lengthWritten: bigint }> {
  try {
    return await odx.offloadWrite(file, {
      token,
      fileOffset: plain(fileOffset + done),
      transferOffset: plain(transferOffset + done),
      copyLength: plain(length),
      signal,
    });
  } catch (error) {
    const strange = error instanceof Error && 'code' in error && error.code === 'ERROR_INVALID_TOKEN';
    if (!strange || !emulated) throw error;
    throw new AdvisedError(
      error.message,
      'A token of the emulator is known only to the process that read it: read and write in one, with odx repl --emulate.',
      { cause: error },
    );
  }
}
