import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtModule, ROOT } from '../built.ts';

// Child processes have no pipes in Windows Node under Wine.
const cannotSpawn = process.platform === 'win32';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'win-odx-platform-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module in its own process and returns the JSON that it prints. */
function run(name: string, source: string): unknown {
  const program = join(folder, `${name}.mjs`);
  writeFileSync(program, source);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

// As a literal in the source of a module.
const url = (path: string): string => JSON.stringify(pathToFileURL(path).href);
const entry = (path: string): string => url(builtModule(path));
const KOFFI = url(join(ROOT, 'node_modules', 'koffi', 'index.js'));

describe.skipIf(cannotSpawn)('Importing the package', () => {
  test.each([
    ['win-odx', 'index.js'],
    ['win-odx/kernel32', 'kernel32.js'],
    ['win-odx/emulator', 'emulator.js'],
    ['win-odx/structs', 'structs.js'],
  ])('as %s loads no native library', (_, path) => {
    // The package shares this one Koffi module, so every load goes through this object.
    const seen = run(
      `import-${path.replaceAll('/', '-')}`,
      `import koffi from ${KOFFI};
       const loaded = [];
       const load = koffi.load;
       koffi.load = (name) => { loaded.push(name); return load(name); };
       await import(${entry(path)});
       console.log(JSON.stringify(loaded));`,
    );
    expect(seen).toEqual([]);
  });

  test('is observed by a check that does see the first call load kernel32.dll', () => {
    const seen = run(
      'import-proof',
      `import koffi from ${KOFFI};
       const loaded = [];
       koffi.load = (name) => { loaded.push(name); throw new Error('not here'); };
       const { offloadRead } = await import(${entry('index.js')});
       await offloadRead(3, { copyLength: 512 }).catch(() => {});
       console.log(JSON.stringify(loaded));`,
    );
    expect(seen).toEqual(['kernel32.dll']);
  });

  const canSee = existsSync('/proc/self/maps');

  test.skipIf(!canSee)(
    `maps no kernel32 into the process${canSee ? '' : ' (skipped: needs /proc/self/maps)'}`,
    () => {
      const seen = run(
        'import-maps',
        `import { readFileSync } from 'node:fs';
       await import(${entry('index.js')});
       const maps = readFileSync('/proc/self/maps', 'utf8').toLowerCase();
       console.log(JSON.stringify({ kernel32: maps.includes('kernel32'), ntdll: maps.includes('ntdll') }));`,
      );
      expect(seen).toEqual({ kernel32: false, ntdll: false });
    },
  );

  test('works twice in one process, from two copies of the package', () => {
    const copies = ['one', 'two'].map((name) => {
      const copy = join(folder, name);
      mkdirSync(copy);
      cpSync(join(ROOT, 'dist'), join(copy, 'dist'), { recursive: true });
      cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
      symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
      return copy;
    });
    const entries = copies.map((copy) => url(join(copy, 'dist', 'index.js')));
    const seen = run(
      'twice',
      `const [one, two] = [await import(${entries[0]}), await import(${entries[1]})];
       console.log(JSON.stringify({
         same: one.offloadRead === two.offloadRead,
         tokens: two.OffloadToken.from(one.OffloadToken.zeroData().bytes).isZeroData,
         foreign: one.OffloadToken.zeroData().equals(two.OffloadToken.zeroData()),
       }));`,
    );
    expect(seen).toEqual({ same: false, tokens: true, foreign: false });
  });
});

test.each([
  ['x64', true],
  ['arm64', true],
  ['ia32', false],
])('On Windows with Node.js for %s, isSupported is %s', (arch, expected) => {
  const seen = run(
    `supported-${arch}`,
    // Koffi's binary is that of this system.
    `await import(${entry('structs.js')});
     Object.defineProperty(process, 'platform', { value: 'win32' });
     Object.defineProperty(process, 'arch', { value: '${arch}' });
     const { isSupported } = await import(${entry('index.js')});
     console.log(JSON.stringify(isSupported));`,
  );
  expect(seen).toBe(expected);
});

describe.skipIf(process.platform === 'win32')('On other systems than Windows', () => {
  test('isSupported is false', () => {
    const seen = run(
      'supported',
      `const { isSupported } = await import(${entry('index.js')});
       console.log(JSON.stringify(isSupported));`,
    );
    expect(seen).toBe(false);
  });

  test('every function that needs the default kernel throws or rejects with an error that names the emulator', () => {
    const seen = run(
      'default-kernel',
      `const odx = await import(${entry('index.js')});
       const { loadKernel32 } = await import(${entry('kernel32.js')});
       const token = odx.OffloadToken.zeroData();
       const ranges = [{ startingOffset: 0, lengthInBytes: 512 }];
       const range = { fileOffset: 0, length: 512 };
       const calls = {
         offloadRead: () => odx.offloadRead(3, { copyLength: 512 }),
         offloadReadSync: () => odx.offloadReadSync(3, { copyLength: 512 }),
         offloadWrite: () => odx.offloadWrite(3, { token, copyLength: 512 }),
         offloadWriteSync: () => odx.offloadWriteSync(3, { token, copyLength: 512 }),
         dsmOffloadRead: () => odx.dsmOffloadRead(3, { ranges }),
         dsmOffloadReadSync: () => odx.dsmOffloadReadSync(3, { ranges }),
         dsmOffloadWrite: () => odx.dsmOffloadWrite(3, { ranges, token }),
         dsmOffloadWriteSync: () => odx.dsmOffloadWriteSync(3, { ranges, token }),
         queryCopyOffload: () => odx.queryCopyOffload(3),
         probe: () => odx.probe('x'),
         openFile: () => odx.openFile('x', 'r'),
         openFileSync: () => odx.openFileSync('x', 'r'),
         copyFile: () => odx.copyFile('x', 'y'),
         copyFiles: () => odx.copyFiles([['x', 'y']]),
         copyRange: () => odx.copyRange(3, 4, { length: 512 }),
         zeroRange: () => odx.zeroRange(3, range),
         loadKernel32: () => loadKernel32(),
       };
       const seen = {};
       for (const [name, call] of Object.entries(calls)) {
         let how = 'throws';
         try {
           const pending = call();
           how = 'rejects';
           await pending;
         } catch (error) {
           seen[name] = [how, error instanceof odx.UnsupportedPlatformError, error.code, error.message.includes('createEmulator()')];
         }
       }
       console.log(JSON.stringify(seen));`,
    );
    const failing = (how: string): unknown[] => [how, true, 'ERR_ODX_UNSUPPORTED_PLATFORM', true];
    const sync = [
      'offloadReadSync',
      'offloadWriteSync',
      'dsmOffloadReadSync',
      'dsmOffloadWriteSync',
      'openFileSync',
      'loadKernel32',
    ];
    const async = [
      'offloadRead',
      'offloadWrite',
      'dsmOffloadRead',
      'dsmOffloadWrite',
      'queryCopyOffload',
      'probe',
      'openFile',
      'copyFile',
      'copyFiles',
      'copyRange',
      'zeroRange',
    ];
    expect(seen).toEqual({
      ...Object.fromEntries(sync.map((name) => [name, failing('throws')])),
      ...Object.fromEntries(async.map((name) => [name, failing('rejects')])),
    });
  });
});
