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
const KERNELS: readonly (readonly [name: string, kernelOf: () => Kernel])[] = [
  ['the emulator', () => createEmulator()],
  ...(onWindows ? [['kernel32', () => loadKernel32()] as const] : []),
];

/** What a path gets. An array lists the errors of reading and of creating. */
type Outcome =
  /** Not a path: InvalidArgumentError, whatever it is for. */
  | 'illegal'
  /** Leads to the file in the folder, which a copy replaces. */
  | 'file'
  /** Leads to the folder itself. */
  | 'folder'
  /** A name that is free: a copy creates it. */
  | 'free'
  /** A name that is free, but that no copy creates: other programs could not open it. */
  | 'unusable'
  /** Every function fails with this error. */
  | `ERROR_${string}`
  | readonly [read: `ERROR_${string}`, create: `ERROR_${string}`];

interface Row {
  readonly path: (folder: string) => string | URL;
  readonly posix: Outcome;
  readonly windows: Outcome;
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

const ROWS: Readonly<Record<string, Row>> = {
  'an empty string': { path: () => '', posix: 'illegal', windows: 'illegal' },
  'a NUL in the middle': { path: named('a\0b'), posix: 'illegal', windows: 'illegal' },
  'a NUL after a name': { path: named('file\0'), posix: 'illegal', windows: 'illegal' },

  'forward slashes': {
    path: (folder) => `${folder.replaceAll('\\', '/')}/file`,
    posix: 'file',
    windows: 'file',
  },
  'a dot': { path: named(join('.', 'file')), posix: 'file', windows: 'file' },
  'two separators': { path: named(`${sep}file`), posix: 'file', windows: 'file' },
  'dots after a folder that is missing': {
    path: named(['none', '..', 'file'].join(sep)),
    posix: 'ERROR_FILE_NOT_FOUND',
    windows: 'file',
  },
  'another case': { path: named('FILE'), posix: 'free', windows: 'file' },
  'the folder': { path: (folder) => folder, posix: 'folder', windows: 'folder' },
  'the folder and a separator': { path: (folder) => folder + sep, posix: 'folder', windows: 'folder' },
  'a file and a separator': {
    path: named(`file${sep}`),
    posix: ['ERROR_PATH_NOT_FOUND', 'ERROR_ACCESS_DENIED'],
    windows: ['ERROR_PATH_NOT_FOUND', 'ERROR_ACCESS_DENIED'],
  },
  'a path below a file': {
    path: named(`file${sep}x`),
    posix: 'ERROR_PATH_NOT_FOUND',
    windows: 'ERROR_PATH_NOT_FOUND',
  },
  'a folder that is missing': {
    path: named(`none${sep}x`),
    posix: 'ERROR_PATH_NOT_FOUND',
    windows: 'ERROR_PATH_NOT_FOUND',
  },

  'a dot at the end': { path: named('file.'), posix: 'free', windows: 'unusable' },
  'a space at the end': { path: named('file '), posix: 'free', windows: 'unusable' },
  'a dot at the end, exact': { path: exact('new.'), posix: 'ERROR_PATH_NOT_FOUND', windows: 'free' },
  'an exact path': { path: exact('file'), posix: 'ERROR_PATH_NOT_FOUND', windows: 'file' },
  'an exact path with a slash': {
    path: (folder) => `\\\\?\\${folder}/file`,
    posix: 'ERROR_PATH_NOT_FOUND',
    windows: 'ERROR_INVALID_NAME',
  },
  'the device namespace': {
    path: (folder) => `\\\\.\\${folder}\\file`,
    posix: 'ERROR_PATH_NOT_FOUND',
    windows: 'file',
  },
  'the device namespace with slashes': {
    path: (folder) => `//./${folder}/file`,
    posix: 'file',
    windows: 'file',
  },

  CON: { path: named('CON'), posix: 'free', windows: 'unusable' },
  'nul with an extension': { path: named('nul.txt'), posix: 'free', windows: 'unusable' },
  'aux with two extensions': { path: named('aux.tar.gz'), posix: 'free', windows: 'unusable' },
  'COM¹': { path: named('COM¹.log'), posix: 'free', windows: 'unusable' },
  CONIN$: { path: named('CONIN$'), posix: 'free', windows: 'unusable' },
  'NUL with a dot and a space': { path: named('NUL. '), posix: 'free', windows: 'unusable' },
  'NUL, exact': { path: exact('NUL'), posix: 'ERROR_PATH_NOT_FOUND', windows: 'free' },
  'LPT0, which is no device': { path: named('LPT0'), posix: 'free', windows: 'free' },

  'an asterisk': { path: named('f*le'), posix: 'free', windows: 'ERROR_INVALID_NAME' },
  'a question mark': { path: named('f?le'), posix: 'free', windows: 'ERROR_INVALID_NAME' },
  'a quotation mark': { path: named('f"le'), posix: 'free', windows: 'ERROR_INVALID_NAME' },
  'a pipe': { path: named('f|le'), posix: 'free', windows: 'ERROR_INVALID_NAME' },
  'an angle bracket': { path: named('f<le'), posix: 'free', windows: 'ERROR_INVALID_NAME' },
  'a control character': { path: named('f\x01le'), posix: 'free', windows: 'ERROR_INVALID_NAME' },
  'letters of many alphabets': { path: named('Ünï–códe 🚀'), posix: 'free', windows: 'free' },
  'a character that turns text around': { path: named('a\u202eexe'), posix: 'free', windows: 'free' },
  'a variable': { path: named('%TEMP%'), posix: 'free', windows: 'free' },
  'half a surrogate pair': { path: named('a\ud800'), posix: 'ERROR_INVALID_NAME', windows: 'free' },
  'the other half': { path: named('\udc00b'), posix: 'ERROR_INVALID_NAME', windows: 'free' },

  'the longest name': { path: named('n'.repeat(255)), posix: 'free', windows: 'free' },
  'a name that is too long': {
    path: named('n'.repeat(256)),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    windows: 'ERROR_INVALID_NAME',
  },
  'a path of 260 characters, which MAX_PATH excludes': {
    path: (folder) => ofLength(folder, 260),
    posix: 'ERROR_PATH_NOT_FOUND',
    windows: 'ERROR_PATH_NOT_FOUND',
  },
  'a path of 32,767 characters': {
    path: (folder) => ofLength(folder, 32_767),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    windows: 'ERROR_FILENAME_EXCED_RANGE',
  },
  'a path of 32,768 characters': {
    path: (folder) => ofLength(folder, 32_768),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    windows: 'ERROR_FILENAME_EXCED_RANGE',
  },
  'a path of a million characters': {
    path: named('z'.repeat(1_000_000)),
    posix: 'ERROR_FILENAME_EXCED_RANGE',
    windows: 'ERROR_FILENAME_EXCED_RANGE',
  },

  'a file: URL': { path: url('/file'), posix: 'file', windows: 'file' },
  'a file: URL with a query': { path: url('/file?x#y'), posix: 'file', windows: 'file' },
  'a file: URL with an encoded slash': { path: url('/a%2Fb'), posix: 'illegal', windows: 'illegal' },
  'a file: URL with an encoded NUL': { path: url('/a%00b'), posix: 'illegal', windows: 'illegal' },
  'a file: URL with a bad escape': { path: url('/%zz'), posix: 'illegal', windows: 'illegal' },
  'a file: URL with an encoded space': {
    path: url('/a%20b'),
    posix: 'free',
    windows: 'free',
    creates: 'a b',
  },
  'a URL of another protocol': {
    path: () => new URL('http://localhost/file'),
    posix: 'illegal',
    windows: 'illegal',
  },
};

function exact(name: string): (folder: string) => string {
  return (folder) => `\\\\?\\${folder}\\${name}`;
}

const LINKS: Readonly<Record<string, Row>> = {
  'a link to a file': { path: (folder) => link(folder, 'file', 'link'), posix: 'file', windows: 'file' },
  'a link to nothing': {
    path: (folder) => link(folder, 'none', 'link'),
    posix: 'ERROR_FILE_NOT_FOUND',
    windows: 'ERROR_FILE_NOT_FOUND',
  },
  'a link to itself': {
    path: (folder) => link(folder, join('below', 'link'), 'link'),
    posix: 'ERROR_GEN_FAILURE',
    windows: 'ERROR_CANT_RESOLVE_FILENAME',
  },
  'a link to a folder': { path: (folder) => link(folder, '', 'link'), posix: 'folder', windows: 'folder' },
  'a file below a link': {
    path: (folder) => link(folder, '', join('link', 'file')),
    posix: 'file',
    windows: 'file',
  },
  'a name below a link': {
    path: (folder) => link(folder, '', join('link', 'new')),
    posix: 'free',
    windows: 'free',
  },
  'a path below a link to a file': {
    path: (folder) => link(folder, 'file', join('link', 'x')),
    posix: 'ERROR_PATH_NOT_FOUND',
    windows: 'ERROR_PATH_NOT_FOUND',
  },
};

const CONTENTS = 'what the file holds';
const OTHER = 'what another file holds, which is longer';

describe.each(KERNELS)('%s', (_, kernelOf) => {
  const odx = createOdx({ kernel: kernelOf() });

  async function check({ path: pathOf, posix, windows, creates }: Row): Promise<void> {
    const { path } = temporaryFolder();
    const root = path('folder');
    mkdirSync(root);
    writeFileSync(join(root, 'file'), CONTENTS);
    writeFileSync(path('other'), OTHER);
    const subject = pathOf(root);
    const outcome = onWindows ? windows : posix;
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
      expect(await failureOf(() => odx.copyFile(path('other'), subject))).toBeInstanceOf(Win32Error);
      await probe?.();
      await tryOffload?.();
    } else if (outcome === 'free' || outcome === 'unusable') {
      await expectErrors(reading, 'ERROR_FILE_NOT_FOUND');
      if (outcome === 'unusable') for (const row of creating) await expectIllegal(row);
      else {
        await odx.copyFile(path('other'), subject);
        const name = creates ?? String(subject).split(/[\\/]/).at(-1) ?? '';
        expect(readdirSync(root).filter((each) => !before.includes(each))).toEqual([name]);
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

  test.each(Object.keys(ROWS))('gives every function that takes a path what it should: %s', async (name) => {
    await check(ROWS[name] as Row);
  });

  test.skipIf(onWindows).each(Object.keys(LINKS))(
    'gives every function that takes a path what it should: %s [needs symbolic links, which take a privilege on Windows and fail under Wine]',
    async (name) => {
      await check(LINKS[name] as Row);
    },
  );
});
