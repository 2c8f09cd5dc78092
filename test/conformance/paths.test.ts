import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { createOdx } from '../../src/odx.ts';
import { failureOf, temporaryFolder } from '../kit.ts';

// What each kind of path gets from every function that takes one. "Naming Files, Paths, and Namespaces", Microsoft.

const onWindows = process.platform === 'win32';
// Wine keeps files on a POSIX host, whose names have other rules.
const underWine = process.env['WIN_ODX_KERNEL'] === 'driver';
const kernel: Kernel = onWindows ? loadKernel32() : createEmulator();

/** What a path gets. An array lists the errors of reading and of creating. */
type Outcome =
  /** Not a path: InvalidArgumentError, whatever it is for. */
  | 'illegal'
  /** Leads to the file in the folder, which a copy replaces. */
  | 'file'
  /** Leads to the folder itself. */
  | 'folder'
  /** Leads to the file in the folder, but a copy does not create it: the name is that of a folder. */
  | 'found'
  /** A name that is free: a copy creates it. */
  | 'free'
  /** A stream of the file, which a copy creates beside its data. */
  | 'stream'
  /** A name that is free, but that no copy creates: other programs could not open it. */
  | 'unusable'
  /** Every function fails with this error. */
  | `ERROR_${string}`
  | readonly [read: `ERROR_${string}`, create: `ERROR_${string}`];

interface Row {
  readonly path: (folder: string) => string | URL;
  /** On the emulator. On Windows its host would answer otherwise, and kernel32 runs there instead. */
  readonly posix: Outcome;
  readonly kernel32: Outcome;
  /** The name that a copy creates, where it is not the last part of the path. */
  readonly creates?: string;
}

const named =
  (name: string) =>
  (folder: string): string =>
    folder + sep + name;
const url = (end: string) => (folder: string) => pathToFileURL(folder).href + end;

/** A path of exactly this many characters whose folders do not exist. */
function ofLength(folder: string, length: number): string {
  let path = folder;
  while (path.length + 201 < length) path += sep + 'x'.repeat(200);
  return `${path}${sep}${'y'.repeat(length - path.length - 1)}`;
}

function link(folder: string, target: string, path: string): string {
  mkdirSync(join(folder, 'below'));
  symlinkSync(target === '' ? folder : join(folder, target), join(folder, 'below', 'link'));
  return join(folder, 'below', path);
}

// NTFS has files of such names. Wine cannot give them to its host.
const HALF = underWine ? 'ERROR_FILE_NOT_FOUND' : 'free';
// Wine has no streams: the colon is part of the name.
const STREAM = underWine ? 'free' : 'stream';

const ROWS: Readonly<Record<string, Row>> = {
  'an empty string': { path: () => '', posix: 'illegal', kernel32: 'illegal' },
  'a NUL in the middle': { path: named('a\0b'), posix: 'illegal', kernel32: 'illegal' },
  'a NUL after a name': { path: named('file\0'), posix: 'illegal', kernel32: 'illegal' },

  'forward slashes': {
    path: (folder) => `${folder.replaceAll('\\', '/')}/file`,
    posix: 'file',
    kernel32: 'file',
  },
  'a dot': { path: named(join('.', 'file')), posix: 'file', kernel32: 'file' },
  'two separators': { path: named(`${sep}file`), posix: 'file', kernel32: 'file' },
  'dots after a folder that is missing': {
    path: named(['none', '..', 'file'].join(sep)),
    posix: 'ERROR_FILE_NOT_FOUND',
    kernel32: 'file',
  },
  'another case': { path: named('FILE'), posix: 'free', kernel32: 'file' },
  'the folder': { path: (folder) => folder, posix: 'folder', kernel32: 'folder' },
  'the folder and a separator': { path: (folder) => folder + sep, posix: 'folder', kernel32: 'folder' },
  'a file and a separator': {
    path: named(`file${sep}`),
    posix: ['ERROR_PATH_NOT_FOUND', 'ERROR_ACCESS_DENIED'],
    kernel32: 'found',
  },
  'a path below a file': {
    path: named(`file${sep}x`),
    posix: 'ERROR_PATH_NOT_FOUND',
    kernel32: 'ERROR_PATH_NOT_FOUND',
  },
  'a folder that is missing': {
    path: named(`none${sep}x`),
    posix: 'ERROR_PATH_NOT_FOUND',
    kernel32: 'ERROR_PATH_NOT_FOUND',
  },

  'a dot at the end': { path: named('file.'), posix: 'free', kernel32: 'unusable' },
  'a space at the end': { path: named('file '), posix: 'free', kernel32: 'unusable' },
  'a dot at the end, exact': { path: exact('new.'), posix: 'ERROR_PATH_NOT_FOUND', kernel32: 'free' },
  'an exact path': { path: exact('file'), posix: 'ERROR_PATH_NOT_FOUND', kernel32: 'file' },
  'an exact path with a slash': {
    path: (folder) => `\\\\?\\${folder}/file`,
    posix: 'ERROR_PATH_NOT_FOUND',
    kernel32: 'ERROR_INVALID_NAME',
  },
  'the device namespace': {
    path: (folder) => `\\\\.\\${folder}\\file`,
    posix: 'ERROR_PATH_NOT_FOUND',
    kernel32: 'file',
  },
  'the device namespace with slashes': {
    path: (folder) => `//./${folder}/file`,
    posix: 'file',
    kernel32: 'file',
  },

  CON: { path: named('CON'), posix: 'free', kernel32: 'unusable' },
  'nul with an extension': { path: named('nul.txt'), posix: 'free', kernel32: 'unusable' },
  'aux with two extensions': { path: named('aux.tar.gz'), posix: 'free', kernel32: 'unusable' },
  'COM¹': { path: named('COM¹.log'), posix: 'free', kernel32: 'unusable' },
  CONIN$: { path: named('CONIN$'), posix: 'free', kernel32: 'unusable' },
  'NUL with a dot and a space': { path: named('NUL. '), posix: 'free', kernel32: 'unusable' },
  'NUL, exact': { path: exact('NUL'), posix: 'ERROR_PATH_NOT_FOUND', kernel32: 'free' },
  'LPT0, which is no device': { path: named('LPT0'), posix: 'free', kernel32: 'free' },

  'nothing but dots': { path: named('...'), posix: 'free', kernel32: 'unusable' },
  'an alternate stream': { path: named('file:stream'), posix: 'free', kernel32: STREAM },
  'an alternate stream with its type': {
    path: named('file:other:$DATA'),
    posix: 'free',
    kernel32: STREAM,
  },
  'a server without a share': {
    path: (folder) => (onWindows ? '\\\\no-such-server' : `${folder}/\\\\no-such-server`),
    posix: 'free',
    kernel32: 'illegal',
    creates: '\\\\no-such-server',
  },
  'an empty network path': {
    path: (folder) => (onWindows ? '\\\\' : `/${folder}`),
    posix: 'folder',
    kernel32: 'illegal',
  },

  'an asterisk': { path: named('f*le'), posix: 'free', kernel32: 'ERROR_INVALID_NAME' },
  'a question mark': { path: named('f?le'), posix: 'free', kernel32: 'ERROR_INVALID_NAME' },
  'a quotation mark': { path: named('f"le'), posix: 'free', kernel32: 'ERROR_INVALID_NAME' },
  'a pipe': { path: named('f|le'), posix: 'free', kernel32: 'ERROR_INVALID_NAME' },
  'an angle bracket': { path: named('f<le'), posix: 'free', kernel32: 'ERROR_INVALID_NAME' },
  'a control character': { path: named('f\x01le'), posix: 'free', kernel32: 'ERROR_INVALID_NAME' },
  'letters of many alphabets': { path: named('Ünï–códe 🚀'), posix: 'free', kernel32: 'free' },
  'a character that turns text around': { path: named('a\u202eexe'), posix: 'free', kernel32: 'free' },
  'a variable': { path: named('%TEMP%'), posix: 'free', kernel32: 'free' },
  'half a surrogate pair': { path: named('a\ud800'), posix: 'ERROR_INVALID_NAME', kernel32: HALF },
  'the other half': { path: named('\udc00b'), posix: 'ERROR_INVALID_NAME', kernel32: HALF },

  'the longest name': { path: named('n'.repeat(255)), posix: 'free', kernel32: 'free' },
  'a name that is too long': {
    path: named('n'.repeat(256)),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    kernel32: underWine ? 'ERROR_FILE_NOT_FOUND' : 'ERROR_INVALID_NAME',
  },
  'a path of 260 characters, which MAX_PATH excludes': {
    path: (folder) => ofLength(folder, 260),
    posix: 'ERROR_PATH_NOT_FOUND',
    kernel32: 'ERROR_PATH_NOT_FOUND',
  },
  'a path of 32,767 characters': {
    path: (folder) => ofLength(folder, 32_767),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    kernel32: 'ERROR_FILENAME_EXCED_RANGE',
  },
  'a path of 32,768 characters': {
    path: (folder) => ofLength(folder, 32_768),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    kernel32: 'ERROR_FILENAME_EXCED_RANGE',
  },
  'a path of a million characters': {
    path: named('z'.repeat(1_000_000)),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    kernel32: 'ERROR_FILENAME_EXCED_RANGE',
  },

  'a file: URL': { path: url('/file'), posix: 'file', kernel32: 'file' },
  'a file: URL with a query': { path: url('/file?x#y'), posix: 'file', kernel32: 'file' },
  'a file: URL with an encoded slash': { path: url('/a%2Fb'), posix: 'illegal', kernel32: 'illegal' },
  'a file: URL with an encoded NUL': { path: url('/a%00b'), posix: 'illegal', kernel32: 'illegal' },
  'a file: URL with a bad escape': { path: url('/%zz'), posix: 'illegal', kernel32: 'illegal' },
  'a file: URL with an encoded space': {
    path: url('/a%20b'),
    posix: 'free',
    kernel32: 'free',
    creates: 'a b',
  },
  'a URL of another protocol': {
    path: () => new URL('http://localhost/file'),
    posix: 'illegal',
    kernel32: 'illegal',
  },
};

function exact(name: string): (folder: string) => string {
  return (folder) => `\\\\?\\${folder}\\${name}`;
}

const LINKS: Readonly<Record<string, Row>> = {
  'a link to a file': { path: (folder) => link(folder, 'file', 'link'), posix: 'file', kernel32: 'file' },
  'a link to nothing': {
    path: (folder) => link(folder, 'none', 'link'),
    posix: 'ERROR_FILE_NOT_FOUND',
    kernel32: 'ERROR_FILE_NOT_FOUND',
  },
  'a link to itself': {
    path: (folder) => link(folder, join('below', 'link'), 'link'),
    posix: 'ERROR_GEN_FAILURE',
    kernel32: 'ERROR_CANT_RESOLVE_FILENAME',
  },
  'a link to a folder': { path: (folder) => link(folder, '', 'link'), posix: 'folder', kernel32: 'folder' },
  'a file below a link': {
    path: (folder) => link(folder, '', join('link', 'file')),
    posix: 'file',
    kernel32: 'file',
  },
  'a name below a link': {
    path: (folder) => link(folder, '', join('link', 'new')),
    posix: 'free',
    kernel32: 'free',
  },
  'a path below a link to a file': {
    path: (folder) => link(folder, 'file', join('link', 'x')),
    posix: 'ERROR_PATH_NOT_FOUND',
    kernel32: 'ERROR_PATH_NOT_FOUND',
  },
};

const CONTENTS = 'what the file holds';
const OTHER = 'what another file holds, which is longer';

describe(`${kernel.name} gives every function that takes a path what it should:`, () => {
  const odx = createOdx({ kernel });

  async function check({ path: pathOf, posix, kernel32, creates }: Row): Promise<void> {
    const { path } = temporaryFolder();
    const root = path('folder');
    mkdirSync(root);
    writeFileSync(join(root, 'file'), CONTENTS);
    writeFileSync(path('other'), OTHER);
    const subject = pathOf(root);
    const outcome = onWindows ? kernel32 : posix;
    const before = readdirSync(root);

    const reading: [argument: string, call: () => Promise<unknown>][] = [
      ['path', async () => (await odx.openFile(subject, 'r')).close()],
      ['source', () => odx.copyFile(subject, path('copy'))],
      ['path', () => odx.probe(subject)],
      ['folder', () => odx.tryOffload(subject, { size: 65_536 })],
    ];
    const creating: [argument: string, call: () => Promise<unknown>][] = [
      ['destination', () => odx.copyFile(path('other'), subject)],
    ];
    const expectIllegal = async ([argument, call]: (typeof reading)[number]): Promise<void> => {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as InvalidArgumentError).issues.map((issue) => issue.path)).toEqual([argument]);
    };
    const expectErrors = async (calls: typeof reading, code: string): Promise<void> => {
      for (const [argument, call] of calls) {
        const error = await failureOf(call);
        expect([argument, error]).toEqual([argument, expect.any(Win32Error)]);
        expect([argument, (error as Win32Error).code]).toEqual([argument, code]);
      }
    };
    const [open, copyFrom, probe, tryOffload] = reading.map(([, call]) => call);

    if (outcome === 'illegal') {
      for (const row of [...reading, ...creating]) await expectIllegal(row);
    } else if (outcome === 'found') {
      await open?.();
      for (const row of creating) await expectIllegal(row);
    } else if (outcome === 'file') {
      await open?.();
      await copyFrom?.();
      expect(readFileSync(path('copy'), 'utf8')).toBe(CONTENTS);
      expect(await probe?.()).toMatchObject({ size: BigInt(CONTENTS.length) });
      expect(await failureOf(() => tryOffload?.())).toMatchObject({ code: 'ERROR_PATH_NOT_FOUND' });
      await odx.copyFile(path('other'), subject);
      expect(readFileSync(join(root, 'file'), 'utf8')).toBe(OTHER);
    } else if (outcome === 'folder') {
      for (const call of [open, copyFrom])
        expect(await failureOf(() => call?.())).toMatchObject({ errno: 5 });
      // On Windows, a name that ends in a separator is refused before anything is opened.
      const isRefused = onWindows && String(subject).endsWith(sep);
      const code = isRefused ? 'ERR_ODX_INVALID_ARGUMENT' : 'ERROR_ACCESS_DENIED';
      expect(await failureOf(() => odx.copyFile(path('other'), subject))).toMatchObject({ code });
      await probe?.();
      await tryOffload?.();
    } else if (outcome === 'free' || outcome === 'unusable' || outcome === 'stream') {
      await expectErrors(reading, 'ERROR_FILE_NOT_FOUND');
      if (outcome === 'unusable') for (const row of creating) await expectIllegal(row);
      else {
        await odx.copyFile(path('other'), subject);
        const name = creates ?? String(subject).split(/[\\/]/).at(-1) ?? '';
        const created = outcome === 'stream' ? [] : [name];
        expect(readdirSync(root).filter((each) => !before.includes(each))).toEqual(created);
        expect(readFileSync(join(root, 'file'), 'utf8')).toBe(CONTENTS);
        await using opened = await odx.openFile(subject, 'r');
        expect(opened.size).toBe(BigInt(OTHER.length));
        return;
      }
    } else {
      const [read, create] = typeof outcome === 'string' ? [outcome, outcome] : outcome;
      await expectErrors(reading, read);
      await expectErrors(creating, create);
    }
    // Nothing else was created, and what failed has changed nothing.
    expect(readdirSync(root)).toEqual(before);
    if (outcome !== 'file') expect(readFileSync(join(root, 'file'), 'utf8')).toBe(CONTENTS);
    expect(existsSync(path('copy'))).toBe(outcome === 'file');
    expect(readFileSync(path('other'), 'utf8')).toBe(OTHER);
  }

  test.each(Object.keys(ROWS))('%s', async (name) => {
    await check(ROWS[name] as Row);
  });

  test.skipIf(onWindows).each(Object.keys(LINKS))(
    '%s [needs symbolic links, which take a privilege on Windows and fail under Wine]',
    async (name) => {
      await check(LINKS[name] as Row);
    },
  );
});
