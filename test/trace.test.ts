import { spawnSync } from 'node:child_process';
import { tracingChannel } from 'node:diagnostics_channel';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { perform, performSync } from '../src/control.ts';
import { AbortError, ProtocolError, Win32Error } from '../src/errors.ts';
import { lengthQuery } from '../src/kernel/device-queries.ts';
import { type ControlKernel, KernelFailure } from '../src/kernel/kernel.ts';
import { createOdx } from '../src/odx.ts';
import { OffloadToken } from '../src/token.ts';
import type { ControlCall } from '../src/trace.ts';
import { builtModule } from './built.ts';
import { failureOf, workspace } from './kit.ts';

const READ = 0x0009_4264;
const WRITE = 0x0009_8268;
const channel = tracingChannel<unknown, ControlCall>('win-odx:control');

/** An event, and what its message showed then. */
interface Seen {
  readonly event: string;
  readonly call: ControlCall;
  readonly copy: ControlCall;
}

let seen: Seen[] = [];
const note = (event: string) => (call: ControlCall) => {
  seen.push({ event, call, copy: { ...call } });
};
const listeners = {
  start: note('start'),
  end: note('end'),
  asyncStart: note('asyncStart'),
  asyncEnd: note('asyncEnd'),
  error: note('error'),
};
const events = (): string[] => seen.map(({ event }) => event);
const last = (): ControlCall | undefined => seen.at(-1)?.call;

const SECRET = Buffer.alloc(512, 'never show this');

describe('A listener of win-odx:control', () => {
  beforeEach(() => {
    seen = [];
    channel.subscribe(listeners);
  });
  afterEach(() => channel.unsubscribe(listeners));

  test('gets one object from start to end for an offload read', async () => {
    const { odx, emulator, file } = workspace();
    const source = await odx.openFile(file('source', 8192), 'r');
    const { token } = await odx.offloadRead(source, { fileOffset: 4096, copyLength: 4096 });
    expect(events()).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(new Set(seen.map(({ call }) => call)).size).toBe(1);
    expect(seen[0]?.copy).toMatchObject({
      code: READ,
      name: 'FSCTL_OFFLOAD_READ',
      handle: source.handle,
      path: source.path,
      offset: 4096n,
      length: 4096n,
      inputLength: 32,
      outputLength: 528,
      status: 0x103,
      bytesReturned: 0,
      transferred: undefined,
      fingerprint: undefined,
    });
    const { code, name, status, bytesReturned } = emulator.calls[0] ?? {};
    expect(last()).toMatchObject({ code, name, status, bytesReturned });
    expect(last()).toMatchObject({ transferred: 4096n, fingerprint: token.fingerprint, errno: undefined });
    await source.close();
  });

  test('sees the fingerprint of the token of an offload write from the start', async () => {
    const { odx, file } = workspace();
    const source = await odx.openFile(file('source', 4096), 'r');
    const destination = await odx.openFile(file('copy', 4096), 'r+');
    const { token } = await odx.offloadRead(source, { copyLength: 4096 });
    seen = [];
    await odx.offloadWrite(destination, { token: token.bytes, copyLength: 4096 });
    expect(seen[0]?.copy).toMatchObject({ name: 'FSCTL_OFFLOAD_WRITE', fingerprint: token.fingerprint });
    expect(last()).toMatchObject({ status: 0, bytesReturned: 16, length: 4096n, transferred: 4096n });
    await Promise.all([source.close(), destination.close()]);
  });

  test('sees short transfers as the device makes them', async () => {
    const { odx, file } = workspace({ maximumTransferSize: 4096 });
    const source = await odx.openFile(file('source', 8192), 'r');
    await odx.offloadRead(source, { copyLength: 8192 });
    expect(last()).toMatchObject({ length: 8192n, transferred: 4096n });
    await source.close();
  });

  test('gets start and end of a blocking call', () => {
    const { odx, file } = workspace();
    using source = odx.openFileSync(file('source', 4096), 'r');
    const { token } = odx.offloadReadSync(source, { copyLength: 4096 });
    expect(events()).toEqual(['start', 'end']);
    expect(last()).toMatchObject({ status: 0, bytesReturned: 528, fingerprint: token.fingerprint });
  });

  test('sees the storage pair with the length of all ranges', async () => {
    const { odx, file } = workspace();
    const device = await odx.openFile(file('device', 8192), 'r+');
    const ranges = [
      { startingOffset: 512, lengthInBytes: 512 },
      { startingOffset: 2048, lengthInBytes: 1024 },
    ];
    const { token } = await odx.dsmOffloadRead(device, { ranges });
    expect(last()).toMatchObject({ offset: 512n, length: 1536n, fingerprint: token.fingerprint });
    odx.dsmOffloadWriteSync(device, { ranges, token });
    expect(last()).toMatchObject({ transferred: 1536n, fingerprint: token.fingerprint, status: 0 });
    await device.close();
  });

  test('sees a query without a range', async () => {
    const { odx, file } = workspace();
    const device = await odx.openFile(file('device', 8192), 'r');
    await odx.queryCopyOffload(device);
    expect(last()).toMatchObject({ name: 'IOCTL_STORAGE_QUERY_PROPERTY', offset: undefined, status: 0 });
    await device.close();
  });

  test('sees a blocking query, which has neither range nor token', async () => {
    const { emulator, odx, file } = workspace();
    const device = await odx.openFile(file('device', 4096), 'r');
    expect(performSync(emulator, lengthQuery, device, undefined)).toBe(4096n);
    expect(last()).toMatchObject({
      name: lengthQuery.name,
      length: undefined,
      fingerprint: undefined,
      status: 0,
    });
    await device.close();
  });

  test('sees status and error of a call that Windows refuses', async () => {
    const { odx, file } = workspace();
    const destination = await odx.openFile(file('copy', 4096), 'r+');
    const token = OffloadToken.from(SECRET);
    const error = await failureOf(() => odx.offloadWrite(destination, { token, copyLength: 4096 }));
    expect(error).toBeInstanceOf(Win32Error);
    expect(events()).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(last()).toMatchObject({ status: 0xc000_0465, errno: 315, bytesReturned: 0, error });
    seen = [];
    expect(() => odx.offloadWriteSync(destination, { token, copyLength: 4096 })).toThrow(Win32Error);
    expect(events()).toEqual(['start', 'error', 'end']);
    expect(last()).toMatchObject({ code: WRITE, status: 0xc000_0465, errno: 315 });
    await destination.close();
  });

  test('sees a call that is aborted as cancelled', async () => {
    const { odx, file } = workspace({ latency: 60_000 });
    const source = await odx.openFile(file('source', 4096), 'r');
    const controller = new AbortController();
    const running = odx.offloadRead(source, { copyLength: 4096, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    expect(await failureOf(() => running)).toBeInstanceOf(AbortError);
    expect(last()).toMatchObject({ status: 0xc000_0120, errno: 995 });
    expect(last()?.error).toBeInstanceOf(AbortError);
    await source.close();
  });

  test('sees nothing of a call that is refused or aborted before it reaches the kernel', async () => {
    const { odx, file } = workspace();
    const source = await odx.openFile(file('source', 4096), 'r');
    await failureOf(() => odx.offloadRead(source, { copyLength: 1 }));
    await failureOf(() => odx.offloadRead(source, { copyLength: 512, signal: AbortSignal.abort() }));
    expect(seen).toEqual([]);
    await source.close();
  });

  test('sees a reply that no device can mean with its bytes', async () => {
    const { emulator, odx, file } = workspace();
    const source = await odx.openFile(file('source', 4096), 'r');
    const short = createOdx({ kernel: { ...emulator, control: () => Promise.resolve(7) } });
    const error = await failureOf(() => short.offloadRead(source.handle, { copyLength: 512 }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(last()).toMatchObject({ status: 0, bytesReturned: 7, error });
    await source.close();
  });

  test('sees no status where none is certain', async () => {
    const { emulator } = workspace();
    const fails = (failure: unknown): ControlKernel => ({
      ...emulator,
      controlSync: () => {
        throw failure;
      },
    });
    const odx = createOdx({ kernel: fails(new KernelFailure(5)) });
    expect(() => odx.offloadReadSync(3n, { copyLength: 512 })).toThrow(Win32Error);
    expect(last()).toMatchObject({ status: undefined, errno: 5, path: undefined, handle: 3n });
    const bug = createOdx({ kernel: fails(new TypeError('A bug.')) });
    expect(() => bug.offloadReadSync(3n, { copyLength: 512 })).toThrow(TypeError);
    expect(last()).toMatchObject({ status: undefined, errno: undefined });
  });

  test('can print a message as one line, without what is not known', async () => {
    const { emulator, file } = workspace();
    const fd = openSync(file('device', 4096), 'r');
    const handle = emulator.handleOf(fd);
    const odx = createOdx({ kernel: emulator });
    await odx.queryCopyOffload(fd);
    closeSync(fd);
    const query = seen.find(({ event }) => event === 'asyncEnd')?.call;
    const line = `IOCTL_STORAGE_QUERY_PROPERTY on handle ${handle}`;
    expect(`${query}`).toBe(`${line}: success, 48 bytes returned`);
    const failures: [unknown, string][] = [
      [new KernelFailure(5), 'error 5'],
      [new KernelFailure(5, 0xc000_0022), 'error 5 (0xC0000022 STATUS_ACCESS_DENIED)'],
      [new TypeError('A bug.'), 'no answer'],
    ];
    for (const [failure, outcome] of failures) {
      const failing = createOdx({ kernel: { ...emulator, control: () => Promise.reject(failure) } });
      await failureOf(() => failing.queryCopyOffload(handle));
      expect(`${last()}`).toBe(`${line}: ${outcome}, 0 bytes returned`);
    }
  });

  test('can print a message of an offload write as one line, with the file, the range and the token', async () => {
    const { odx, file, path } = workspace();
    const source = await odx.openFile(file('source', 8192), 'r');
    const { token } = await odx.offloadRead(source, { copyLength: 8192 });
    const copy = await odx.openFile(file('copy', 8192), 'r+');
    await odx.offloadWrite(copy, { token, fileOffset: 4096, copyLength: 4096 });
    expect(`${last()}`).toBe(
      `FSCTL_OFFLOAD_WRITE on '${path('copy')}', offset 4096, length 4096: success, 16 bytes returned, ` +
        `4096 transferred, token ${token.fingerprint}`,
    );
    await source.close();
    await copy.close();
  });

  test('leaves the buffers of a call to the kernel, which gets each of them back', async () => {
    const { emulator, file } = workspace();
    const released: unknown[] = [];
    const kernel: ControlKernel = {
      ...emulator,
      release(buffers) {
        released.push(buffers);
        emulator.release(buffers);
      },
    };
    const handle = emulator.handleOf(openSync(file('device', 4096), 'r'));
    await createOdx({ kernel: { ...emulator, ...kernel } }).queryCopyOffload(handle);
    expect(events()).toContain('asyncEnd');
    expect(released.length).toBe(new Set(seen.map(({ call }) => call)).size);
  });

  test('counts upwards', () => {
    const { odx, emulator, file } = workspace();
    const handle = emulator.handleOf(openSync(file('source', 8192), 'r'));
    odx.offloadReadSync(handle, { copyLength: 4096 });
    odx.offloadReadSync(handle, { copyLength: 4096 });
    const [first, second] = seen.filter(({ event }) => event === 'end').map(({ call }) => call.index);
    expect(second).toBe((first ?? Number.NaN) + 1);
  });

  test('counts calls that run at the same time', async () => {
    const { odx, file } = workspace({ latency: 2 });
    const source = await odx.openFile(file('source', 65_536), 'r');
    const offsets = Array.from({ length: 16 }, (_, index) => index * 4096);
    await Promise.all(offsets.map((fileOffset) => odx.offloadRead(source, { fileOffset, copyLength: 4096 })));
    const ends = seen.filter(({ event }) => event === 'asyncEnd').map(({ call }) => call);
    const first = Math.min(...ends.map(({ index }) => index));
    expect(ends.map(({ index }) => index - first).sort((a, b) => a - b)).toEqual([...offsets.keys()]);
    expect(ends.map(({ offset }) => Number(offset)).sort((a, b) => a - b)).toEqual(offsets);
    await source.close();
  });

  test('keeps the store that it binds to start through the call', async () => {
    const { AsyncLocalStorage } = await import('node:async_hooks');
    const storage = new AsyncLocalStorage<ControlCall>();
    const stores: unknown[] = [];
    const { emulator } = workspace();
    channel.start.bindStore(storage, (call) => call);
    const odx = createOdx({
      kernel: {
        ...emulator,
        control: () => {
          stores.push(storage.getStore());
          return Promise.reject(new KernelFailure(1));
        },
      },
    });
    await failureOf(() => odx.offloadRead(3n, { copyLength: 512 }));
    channel.start.unbindStore(storage);
    expect(stores).toEqual([last()]);
  });

  test('can reach no byte of a token from any message', async () => {
    const { odx, emulator, file } = workspace();
    const source = await odx.openFile(file('source', 4096), 'r+');
    const destination = await odx.openFile(file('copy', 4096), 'r+');
    const { token } = await odx.offloadRead(source, { copyLength: 4096 });
    await odx.offloadWrite(destination, { token, copyLength: 4096 });
    odx.offloadWriteSync(destination, { token: token.bytes, copyLength: 4096 });
    const forged = OffloadToken.from(SECRET);
    await failureOf(() => odx.offloadWrite(destination, { token: forged, copyLength: 512 }));
    await failureOf(() => odx.offloadWrite(destination, { token: SECRET, copyLength: 512 }));
    const ranges = [{ startingOffset: 0, lengthInBytes: 512 }];
    odx.dsmOffloadWriteSync(destination, { ranges, token: odx.dsmOffloadReadSync(source, { ranges }).token });

    expect(emulator.calls.length).toBe(7);
    const secrets = [token.bytes, SECRET].flatMap(runsOf);
    for (const { call } of seen) {
      const shown = [JSON.stringify(call), inspect(call, { depth: 20, showHidden: true }), `${call}`].join();
      expect(secrets.filter((run) => shown.includes(run))).toEqual([]);
      expect(reachable(call).filter((value) => value instanceof OffloadToken || isBytes(value))).toEqual([]);
    }
    await Promise.all([source.close(), destination.close()]);
  });

  test('can put a message into JSON, with bigint as decimal strings', async () => {
    const { odx, file } = workspace();
    const source = await odx.openFile(file('source', 4096), 'r');
    await odx.offloadRead(source, { copyLength: 512 });
    const { path, handle, index, fingerprint } = last() ?? {};
    expect(JSON.parse(JSON.stringify(last()))).toEqual({
      index,
      code: READ,
      name: 'FSCTL_OFFLOAD_READ',
      handle: `${handle}`,
      path,
      offset: '0',
      length: '512',
      inputLength: 32,
      outputLength: 528,
      status: 0,
      bytesReturned: 528,
      transferred: '512',
      fingerprint,
    });
    expect(Object.keys(last() ?? {})).not.toContain('toJSON');
    await source.close();
  });
});

describe('Without a listener', () => {
  test('nothing is prepared for a message', async () => {
    const { emulator, odx, file } = workspace();
    const device = await odx.openFile(file('device', 4096), 'r');
    const control: typeof lengthQuery = {
      ...lengthQuery,
      trace: () => expect.fail('The details of the trace were computed.'),
    };
    expect(performSync(emulator, control, device, undefined)).toBe(4096n);
    expect(await perform(emulator, control, device, undefined)).toBe(4096n);
    await device.close();
  });

  test('the kernel gets the call itself', async () => {
    const { emulator } = workspace();
    const kernels: unknown[] = [];
    const kernel: ControlKernel = {
      ...emulator,
      control() {
        kernels.push(this);
        return Promise.reject(new KernelFailure(1));
      },
    };
    await failureOf(() => perform(kernel, lengthQuery, { handle: 3n }, undefined));
    channel.subscribe(listeners);
    await failureOf(() => perform(kernel, lengthQuery, { handle: 3n }, undefined));
    channel.unsubscribe(listeners);
    expect(kernels).toEqual([kernel, kernel]);
  });
});

const isBytes = (value: unknown): boolean => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

/** Everything that an object leads to, getters and prototypes aside. */
function reachable(root: object): object[] {
  const found = new Set<object>([root]);
  for (const value of found) {
    for (const { value: next } of Object.values(Object.getOwnPropertyDescriptors(value))) {
      if (typeof next === 'object' && next !== null) found.add(next);
    }
  }
  return [...found];
}

/** Eight bytes of a token in every form in which they could be shown: text, hex, base64, a list of numbers. */
function runsOf(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length - 9 }, (_, at) => Buffer.from(bytes.subarray(at, at + 9))).flatMap(
    (run) => [
      run.toString('hex'),
      run.toString('hex').replaceAll(/(..)(?!$)/g, '$1 '),
      run.toString('base64'),
      run.toString('latin1'),
      run.join(', '),
      run.join(','),
    ],
  );
}

// Child processes have no pipes in Windows Node under Wine.
describe.skipIf(process.platform === 'win32')('NODE_DEBUG [needs pipes]', () => {
  function run(section: string): { stderr: string; paths: { source: string; copy: string } } {
    const { path, file } = workspace();
    const paths = { source: file('source', 4096), copy: path('copy') };
    const program = path('program.mjs');
    writeFileSync(
      program,
      `import { createOdx } from ${JSON.stringify(pathToFileURL(builtModule('index.js')).href)};
       import { createEmulator } from ${JSON.stringify(pathToFileURL(builtModule('emulator.js')).href)};
       const odx = createOdx({ kernel: createEmulator() });
       const source = await odx.openFile(${JSON.stringify(paths.source)}, 'r');
       const copy = await odx.openFile(${JSON.stringify(paths.copy)}, 'w', { size: 4096 });
       const { token } = await odx.offloadRead(source, { copyLength: 4096 });
       odx.offloadWriteSync(copy, { token, copyLength: 4096 });
       await odx.offloadWrite(copy, { token: new Uint8Array(512), copyLength: 4096 }).catch(() => {});`,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_DEBUG: section },
      timeout: 20_000,
    });
    expect([status, stdout]).toEqual([0, '']);
    return { stderr, paths };
  }

  test('set to win-odx prints each control code as one line on stderr', () => {
    const { stderr, paths } = run('win-odx');
    const lines = stderr.trimEnd().split('\n');
    const number = /^WIN-ODX \d+: /;
    expect(lines.filter((line) => !number.test(line))).toEqual([]);
    const [read = '', write = '', refused = ''] = lines.map((line) => line.replace(number, ''));
    expect(lines).toHaveLength(3);
    const fingerprint = /token ([0-9a-f]{16})$/.exec(read)?.[1];
    expect(read).toBe(
      `FSCTL_OFFLOAD_READ on '${paths.source}', offset 0, length 4096: success, 528 bytes returned, 4096 transferred, token ${fingerprint}`,
    );
    expect(write).toBe(
      `FSCTL_OFFLOAD_WRITE on '${paths.copy}', offset 0, length 4096: success, 16 bytes returned, 4096 transferred, token ${fingerprint}`,
    );
    expect(refused).toMatch(
      /^FSCTL_OFFLOAD_WRITE on '.*copy', offset 0, length 4096: error 315 \(0xC0000465 STATUS_INVALID_TOKEN\), 0 bytes returned, token [0-9a-f]{16}$/,
    );
  });

  test('set to something else prints nothing', () => {
    expect(run('fs').stderr).not.toContain('WIN-ODX');
  });
});
