import { readFile, rm } from 'node:fs/promises';
import type { Odx, OffloadFile, OffloadToken } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { CommandError, codeOf, explainInterruption, fileError, RequestError, UsageError } from '../errors.ts';
import { facts } from '../output.ts';
import { byteCount, formatCount, formatExactSize, parseSize, plural } from '../quantities.ts';

export const write: Command = defineCommand({
  name: 'write',
  operands: 'FILE --token FILE',
  count: [1, 1],
  summary: 'write the data of a token into a file',
  usesKernel: true,
  completion: 'paths',
  notes: [
    'A missing file is created, and a file that is too short is extended first, because an offload write never extends ' +
      'a file. One offload write may copy less than the range; odx makes as many as it takes.',
    'A token of the emulator is valid only in the process that read it, so here the emulator can write only the token ' +
      'of zeros. odx repl --emulate runs both halves in one process.',
    "To save the token of zeros, run this in odx repl: fs.writeFileSync('zeros.token', OffloadToken.zeroData().bytes)",
  ],
  fieldNames: {
    path: 'FILE',
    copyLength: '--length',
    fileOffset: '--offset',
    transferOffset: '--transfer-offset',
    size: '--offset plus --length',
  },
  options: {
    token: { type: 'string', value: 'FILE', help: 'the token that odx read --out saved, or its base64' },
    offset: { type: 'string', value: 'SIZE', help: 'where in FILE to write; default 0' },
    length: { type: 'string', value: 'SIZE', help: 'how much to write; default: to the end of FILE' },
    'transfer-offset': {
      type: 'string',
      value: 'SIZE',
      help: 'where in the data of the token to begin; default 0',
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
    const givenLength = size('length');
    const token = await loadToken(values.token);
    const { odx, emulator } = await kernels.load();
    const signal = interruptible();
    const end = givenLength === undefined ? undefined : fileOffset + givenLength;
    const { file, isNew } = await openDestination(odx, path, fileOffset, end);
    const sizeBefore = isNew ? 0n : file.size;
    const job: WriteJob = { token, fileOffset, transferOffset, signal, done: 0n, writes: 0 };
    let isFinished = false;
    try {
      const length = givenLength ?? restOfFile(fileOffset, file);
      if (!isNew) await extend(file, fileOffset, end ?? sizeBefore);
      await writeAll(odx, file, job, length);
      isFinished = true;
      const { fingerprint } = token;
      const written = `${formatExactSize(length)} from offset ${formatCount(fileOffset)}, ${plural(job.writes, 'offload write')}`;
      return {
        data: { path, fingerprint, fileOffset, transferOffset, lengthWritten: length, writes: job.writes },
        text: `${path}\n${facts([
          ['written', written],
          ['token', fingerprint],
        ])}`,
      };
    } catch (error) {
      if (emulator !== undefined && codeOf(error) === 'ERROR_INVALID_TOKEN') throw foreignToken(error);
      throw explainInterruption(
        error,
        isNew
          ? 'The unfinished file was removed; run the same command again.'
          : 'Part of the range may be written already; run the same command again.',
      );
    } finally {
      if (!isFinished && !isNew) await truncate(file, larger(sizeBefore, fileOffset + job.done));
      await file.close();
      if (isNew && !isFinished) await rm(path, { force: true });
    }
  },
});

const TOKEN_BYTES = 512;

interface WriteJob {
  readonly token: OffloadToken;
  readonly fileOffset: bigint;
  readonly transferOffset: bigint;
  readonly signal: AbortSignal;
  done: bigint;
  writes: number;
}

async function loadToken(path: string): Promise<OffloadToken> {
  const { OffloadToken: Token } = await import('../../index.ts');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(path, 'read', error);
  });
  try {
    // Tools that write base64 break its lines.
    return Token.from(bytes.length === TOKEN_BYTES ? bytes : bytes.toString('utf8').replace(/\s/g, ''));
  } catch (error) {
    throw new RequestError(`${path} holds no token, which is ${TOKEN_BYTES} bytes, or their base64.`, {
      cause: error,
    });
  }
}

async function openDestination(
  odx: Odx,
  path: string,
  offset: bigint,
  end: bigint | undefined,
): Promise<{ file: OffloadFile; isNew: boolean }> {
  try {
    return { file: await odx.openFile(path, 'r+'), isNew: false };
  } catch (error) {
    if (codeOf(error) !== 'ERROR_FILE_NOT_FOUND') throw error;
    if (end === undefined) {
      throw new RequestError(`${path} does not exist; give its length with --length.`, { cause: error });
    }
    if (offset > 0n) {
      throw new RequestError(
        `--offset is ${formatCount(offset)}, and ${path} does not exist; begin at 0, where a new file begins.`,
        { cause: error },
      );
    }
    return { file: await odx.openFile(path, 'wx', { size: byteCount(end) }), isNew: true };
  }
}

function restOfFile(offset: bigint, { path, size }: OffloadFile): bigint {
  if (offset < size) return size - offset;
  throw new RequestError(
    `--offset is ${formatCount(offset)}, and ${path} ends at ${formatCount(size)}; give the length with --length.`,
  );
}

// Windows refuses a write behind a gap, because the gap would have no valid data.
async function extend(file: OffloadFile, offset: bigint, end: bigint): Promise<void> {
  if (offset > file.size) {
    throw new RequestError(
      `--offset is ${formatCount(offset)}, and ${file.path} ends at ${formatCount(file.size)}; begin within the file or at its end.`,
    );
  }
  if (file.size < end) await file.setSize(end);
}

/** Undoes {@link extend} after a failure, which is being reported already. */
async function truncate(file: OffloadFile, size: bigint): Promise<void> {
  if (file.size > size) await file.setSize(size).catch(() => {});
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

async function writeAll(odx: Odx, file: OffloadFile, job: WriteJob, length: bigint): Promise<void> {
  const { token, fileOffset, transferOffset, signal } = job;
  while (job.done < length) {
    const { lengthWritten } = await odx.offloadWrite(file, {
      token,
      fileOffset: byteCount(fileOffset + job.done),
      transferOffset: byteCount(transferOffset + job.done),
      copyLength: byteCount(length - job.done),
      signal,
    });
    job.writes++;
    job.done += lengthWritten;
  }
}

function foreignToken(error: unknown): CommandError {
  return new CommandError(
    'The token is not known to this emulator.',
    'A token of the emulator is valid only in the process that read it; read and write in one process with odx repl --emulate.',
    { cause: error },
  );
}
