import { tracingChannel } from 'node:diagnostics_channel';
import { createContext, runInContext } from 'node:vm';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { AbortError, InvalidArgumentError, OdxError } from '../../src/errors.ts';
import { createOdx } from '../../src/odx.ts';
import type { OffloadFile } from '../../src/offload-file.ts';
import { failureOf, patternBytes, sharedWorkspace } from '../kit.ts';
import {
  ALL,
  call,
  DSM_READS,
  DSM_WRITES,
  type FunctionName,
  legalRequest,
  refusal,
  WRITES,
} from './functions.ts';

// Code of the caller runs while a call is made: getters of the request, traps of proxies, subscribers of the tracing
// channel. Whatever it does, the kernel gets the bytes that were checked, or nothing.

const shared = sharedWorkspace();
const { emulator, odx } = shared;
const path = shared.file('file', 131_072);
const file = odx.openFileSync(path, 'r+');
afterAll(() => file.close());
afterEach(() => void emulator.calls.splice(0));

const ASYNC = ALL.filter((name) => !name.endsWith('Sync'));
const WITH_TOKEN = [...WRITES, ...DSM_WRITES];
const WITH_RANGES = [...DSM_READS, ...DSM_WRITES];

/** The request with one more key, whose getter runs code. */
function withGetter(request: object, code: () => void): unknown {
  const get = (): number => {
    code();
    return 512;
  };
  return Object.defineProperty({ ...request }, 'sectorSize', { enumerable: true, get });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sent = (): string[] => emulator.calls.splice(0).map(({ input }) => hex(input));

async function sentBy(name: FunctionName, request: unknown): Promise<string[]> {
  await call(shared, name, file, request);
  return sent();
}

describe.each(ALL)('%s with a getter', (name) => {
  test('that closes the file is refused, because another file may have the handle by now', async () => {
    const opened = odx.openFileSync(path, 'r+');
    const request = withGetter(legalRequest(name), () => opened[Symbol.dispose]());
    const error = await refusal(() => call(shared, name, opened, request));
    expect(error.message).toBe(`The file '${path}' is closed; open it again with openFile.`);
    expect(sent()).toEqual([]);
  });

  test('that makes the same call sends the request twice', async () => {
    const [alone] = await sentBy(name, legalRequest(name));
    let inner: unknown;
    const again = (): void => {
      inner = call(shared, name, file, legalRequest(name));
    };
    const both = await sentBy(name, withGetter(legalRequest(name), again));
    await inner;
    expect(both).toEqual([alone, alone]);
  });
});

test.each(ASYNC)('%s whose signal fires inside a getter is aborted before anything is sent', async (name) => {
  const controller = new AbortController();
  const request = { ...legalRequest(name), signal: controller.signal };
  const error = await failureOf(() =>
    call(
      shared,
      name,
      file,
      withGetter(request, () => controller.abort(7)),
    ),
  );
  expect(error).toBeInstanceOf(AbortError);
  expect(error).toMatchObject({ cause: 7 });
  expect(sent()).toEqual([]);
});

// What can happen to the 512 bytes of a token after the caller has passed them.
interface TokenBytes {
  readonly bytes: Uint8Array;
  readonly buffer: ArrayBuffer;
}
const CHANGES: [how: string, change: (token: TokenBytes) => void][] = [
  ['overwritten', ({ bytes }) => bytes.fill(0xee)],
  ['transferred to another thread', ({ buffer }) => structuredClone(buffer, { transfer: [buffer] })],
  ['shrunk to 100 bytes', ({ buffer }) => resize(buffer, 100)],
  ['shrunk to nothing', ({ buffer }) => resize(buffer, 0)],
  ['grown to 1024 bytes', ({ buffer }) => resize(buffer, 1024)],
];

/** The zero token in memory whose size can change, which TypeScript does not know yet. */
function changingToken(): TokenBytes {
  const buffer: ArrayBuffer = Reflect.construct(ArrayBuffer, [512, { maxByteLength: 1024 }]);
  const bytes = new Uint8Array(buffer);
  bytes.set([0xff, 0xff, 0, 1, 0, 0, 1, 0xf8]);
  return { bytes, buffer };
}

function resize(buffer: ArrayBuffer, size: number): void {
  (buffer as ArrayBuffer & { resize(size: number): void }).resize(size);
}

describe.each(WITH_TOKEN)('%s with a token whose memory is', (name) => {
  test.each(CHANGES.slice(1))('%s by a getter is refused', async (_, change) => {
    const token = changingToken();
    const request = withGetter({ ...legalRequest(name), token: token.bytes }, () => change(token));
    const error = await refusal(() => call(shared, name, file, request));
    expect(error.issues.map((issue) => issue.path)).toEqual(['token']);
    expect(sent()).toEqual([]);
  });

  test.each(CHANGES)(
    '%s by a subscriber of the tracing channel sends what was checked',
    async (_, change) => {
      const usual = await sentBy(name, legalRequest(name));
      const token = changingToken();
      const seen = await whileTraced(
        () => change(token),
        () => sentBy(name, { ...legalRequest(name), token: token.bytes }),
      );
      expect(seen).toEqual(usual);
    },
  );
});

/** Runs a call while a subscriber runs code at the start of each control code. */
async function whileTraced<T>(code: () => void, run: () => Promise<T>): Promise<T> {
  const nothing = (): void => {};
  const subscriber = { start: code, end: nothing, asyncStart: nothing, asyncEnd: nothing, error: nothing };
  const channel = tracingChannel('win-odx:control');
  channel.subscribe(subscriber);
  try {
    return await run();
  } finally {
    channel.unsubscribe(subscriber);
  }
}

test.each(ALL)('%s is refused when a subscriber of the tracing channel closes the file', async (name) => {
  const opened = odx.openFileSync(path, 'r+');
  const close = (): void => opened[Symbol.dispose]();
  const error = await whileTraced(close, () => refusal(() => call(shared, name, opened, legalRequest(name))));
  expect(error.issues.map((issue) => issue.path)).toEqual(['file']);
  expect(sent()).toEqual([]);
});

test.each(ASYNC)('%s is aborted when a subscriber of the tracing channel aborts it', async (name) => {
  const controller = new AbortController();
  const request = { ...legalRequest(name), signal: controller.signal };
  const run = (): Promise<unknown> => failureOf(() => call(shared, name, file, request));
  expect(await whileTraced(() => controller.abort(), run)).toBeInstanceOf(AbortError);
  expect(sent()).toEqual([]);
});

// Proxies of arrays report any length, and another one each time.
const range = (index: number): object => ({ startingOffset: index * 512, lengthInBytes: 512 });

function listOf(lengths: readonly unknown[]): unknown {
  let looks = 0;
  return new Proxy([], {
    get: (_, key) => (key === 'length' ? lengths[Math.min(looks++, lengths.length - 1)] : range(Number(key))),
  });
}

describe.each(WITH_RANGES)('%s with a list', (name) => {
  const rangesOf = (lengths: readonly unknown[]): unknown => ({
    ...legalRequest(name),
    ranges: listOf(lengths),
  });

  test.each([
    ['1 and then 3', [1, 3]],
    ['1 and then 2^32-1', [1, 2 ** 32 - 1]],
    ['1 and then Infinity', [1, Number.POSITIVE_INFINITY]],
    ['1.5', [1.5]],
  ])('whose length is %s is taken for its first length', async (_, lengths) => {
    const plain = await sentBy(name, { ...legalRequest(name), ranges: [range(0)] });
    expect(await sentBy(name, rangesOf(lengths))).toEqual(plain);
  });

  test.each([
    ['65,537 and then 1', [65_537, 1]],
    ['2^32-1 and then 1', [2 ** 32 - 1, 1]],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['0 and then 1', [0, 1]],
    ['-1', [-1]],
    ['NaN', [Number.NaN]],
    ['a bigint', [1n]],
    ['a string', ['1']],
    ['a symbol', [Symbol('1')]],
    ['an object', [{}]],
    ['undefined', [undefined]],
  ])('whose length is %s is refused', async (_, lengths) => {
    const error = await refusal(() => call(shared, name, file, rangesOf(lengths)));
    expect(error.issues.map((issue) => issue.path)).toEqual(['ranges']);
    expect(sent()).toEqual([]);
  });

  test('that a getter of an element changes is taken as long as it was', async () => {
    const plain = await sentBy(name, { ...legalRequest(name), ranges: [range(0), range(1)] });
    const ranges: object[] = [];
    const first = Object.defineProperty({ lengthInBytes: 512 }, 'startingOffset', {
      enumerable: true,
      get() {
        ranges.push(range(2), range(3));
        return 0;
      },
    });
    ranges.push(first, range(1));
    expect(await sentBy(name, { ...legalRequest(name), ranges })).toEqual(plain);
  });

  test('of 65,536 ranges is sent whole', { timeout: 60_000 }, async () => {
    const ranges = Array.from({ length: 65_536 }, (_, index) => range(index % 256));
    const { length } = (await sentBy(name, { ...legalRequest(name), ranges }))[0] ?? '';
    expect(length / 2).toBe(65_536 * 16 + (DSM_READS.includes(name) ? 48 : 560));
  });

  test('of 65,536 wrong ranges is refused with about a hundred problems', { timeout: 60_000 }, async () => {
    const wrong = { startingOffset: 1, lengthInBytes: 1, length: 1 };
    const ranges = Array.from({ length: 65_536 }, () => wrong);
    const { issues } = await refusal(() => call(shared, name, file, { ...legalRequest(name), ranges }));
    expect(issues.length).toBeGreaterThanOrEqual(100);
    expect(issues.length).toBeLessThan(110);
    expect(sent()).toEqual([]);
  });
});

test.each([
  ['an array of 2^32-1 holes', () => new Array(2 ** 32 - 1)],
  ['a proxy of infinite length', () => new Proxy([], { get: () => Number.POSITIVE_INFINITY })],
  ['a proxy whose length is a symbol', () => new Proxy([null], { get: () => Symbol('length') })],
])('copyFiles with %s as its pairs ends at once and names at most a hundred of them', async (_, pairs) => {
  const result = await odx.copyFiles(pairs() as []).catch((error: unknown) => error);
  if (Array.isArray(result)) expect(result).toEqual([]);
  else expect((result as InvalidArgumentError).issues).toHaveLength(100);
});

// Uint8Arrays that say one thing and hold another.
class Lying extends Uint8Array {
  override get length(): number {
    return 512;
  }
  override get byteLength(): number {
    return 512;
  }
  override get byteOffset(): number {
    return 100;
  }
  override set(): never {
    throw new Error('A method of the caller ran.');
  }
  override slice(): never {
    throw new Error('A method of the caller ran.');
  }
  override subarray(): never {
    throw new Error('A method of the caller ran.');
  }
  override [Symbol.iterator](): never {
    throw new Error('A method of the caller ran.');
  }
  static get [Symbol.species](): never {
    throw new Error('A method of the caller ran.');
  }
}

const zeroToken = (): Uint8Array => changingToken().bytes;
const realm = createContext();
const foreign = (code: string): unknown => runInContext(code, realm);

const HOLDERS: [what: string, token: () => unknown, isLegal: boolean][] = [
  ['a subclass that lies about everything but holds 512 bytes', () => new Lying(zeroToken()), true],
  ['a subclass that claims 512 bytes and holds 100', () => new Lying(100), false],
  ['an object with the prototype of Uint8Array', () => Object.create(Uint8Array.prototype), false],
  ['a proxy of a Uint8Array', () => new Proxy(zeroToken(), {}), false],
  ['a Uint8Array without a prototype', () => Object.setPrototypeOf(zeroToken(), null), true],
  ['a frozen holder of a Uint8Array', () => Object.freeze({ bytes: zeroToken() }), false],
  [
    'a part of a larger buffer',
    () => Buffer.concat([Buffer.alloc(3), zeroToken(), Buffer.alloc(9)]).subarray(3, 515),
    true,
  ],
  ['a view that its shrunk buffer no longer covers', shrunkView, false],
  [
    'growable shared memory',
    () => new Uint8Array(Reflect.construct(SharedArrayBuffer, [512, { maxByteLength: 1024 }])),
    false,
  ],
  [
    'memory of WebAssembly',
    () => foreign('new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, 512)'),
    true,
  ],
  [
    'shared memory of WebAssembly',
    () =>
      foreign(
        `new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer, 0, 512)`,
      ),
    false,
  ],
  ['a DataView', () => new DataView(new ArrayBuffer(512)), false],
  ['a Uint8ClampedArray', () => new Uint8ClampedArray(512), false],
  ['a Uint8Array of another realm', () => foreign('new Uint8Array(512)'), true],
  ['shared memory of another realm', () => foreign('new Uint8Array(new SharedArrayBuffer(512))'), false],
];

function shrunkView(): Uint8Array {
  const { buffer } = changingToken();
  const view = new Uint8Array(buffer, 0, 512);
  resize(buffer, 511);
  return view;
}

describe.each(WRITES)('%s with a token that is', (name) => {
  test.each(HOLDERS)('%s', async (_, tokenOf, isLegal) => {
    const token = tokenOf();
    const request = { token, copyLength: 0 };
    if (!isLegal) {
      const error = await refusal(() => call(shared, name, file, request));
      expect(error.issues.map((issue) => issue.path)).toEqual(['token']);
      expect(sent()).toEqual([]);
      return;
    }
    const bytes = Buffer.alloc(512);
    Uint8Array.prototype.set.call(bytes, token as Uint8Array);
    expect((await sentBy(name, request)).map((input) => input.slice(64))).toEqual([hex(bytes)]);
  });
});

describe.each(ALL)('%s of another realm', (name) => {
  const text = (request: object): string =>
    `(${JSON.stringify(request, (key, value) => (key === 'token' ? undefined : value))})`;

  test('is taken like one of this realm', async () => {
    const { token } = legalRequest(name);
    const request = Object.assign(
      Object(foreign(text(legalRequest(name)))),
      token === undefined ? {} : { token },
    );
    expect(await sentBy(name, request)).toEqual(await sentBy(name, legalRequest(name)));
  });

  test('passes its exception through', async () => {
    const request = foreign(
      '({ get copyLength() { throw new RangeError("mine"); }, get ranges() { throw new RangeError("mine"); } })',
    );
    const error = await failureOf(() => call(shared, name, file, request));
    expect(error).toMatchObject({ name: 'RangeError', message: 'mine' });
    expect(sent()).toEqual([]);
  });
});

// What a signal may do besides firing once.
const SIGNALS: [what: string, signalOf: () => unknown, outcome: 'done' | 'aborted' | 'refused'][] = [
  ['has own properties that say it is aborted', () => own(new AbortController().signal, true), 'done'],
  ['has own properties that say it is not aborted', () => own(AbortSignal.abort(), false), 'aborted'],
  ['has lost its prototype', () => Object.setPrototypeOf(AbortSignal.abort(), null), 'aborted'],
  ['is a proxy of a signal', () => new Proxy(AbortSignal.abort(), {}), 'refused'],
  ['only inherits from AbortSignal', () => Object.create(AbortSignal.prototype), 'refused'],
  ['looks like a signal', () => own(new EventTarget(), true), 'refused'],
  [
    'is an EventTarget with the prototype of AbortSignal',
    () => Object.setPrototypeOf(new EventTarget(), AbortSignal.prototype),
    'refused',
  ],
];

function own(target: object, aborted: boolean): object {
  return Object.defineProperties(target, { aborted: { value: aborted }, reason: { value: 'a lie' } });
}

describe.each(ASYNC)('%s with a signal that', (name) => {
  test.each(SIGNALS)('%s', async (_, signalOf, outcome) => {
    const result = call(shared, name, file, { ...legalRequest(name), signal: signalOf() });
    const error = await Promise.resolve(result).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (outcome === 'done') expect(error).toBeUndefined();
    else expect(error).toBeInstanceOf(outcome === 'aborted' ? AbortError : InvalidArgumentError);
    expect(sent()).toHaveLength(outcome === 'done' ? 1 : 0);
  });

  test('sends false abort events ends the call with a result or an error, and leaves the file usable', async () => {
    const slow = createOdx({ kernel: createEmulator({ latency: 20 }) });
    const opened = await slow.openFile(path, 'r+');
    const { signal } = new AbortController();
    const calling = call({ ...shared, odx: slow }, name, opened, { ...legalRequest(name), signal });
    const settled = Promise.resolve(calling).catch((error: unknown) => error);
    for (let times = 0; times < 3; times++) signal.dispatchEvent(new Event('abort'));
    const outcome = await settled;
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(OdxError);
    await call({ ...shared, odx: slow }, name, opened, legalRequest(name));
    await opened.close();
  });
});

test('Methods of an OffloadFile that the caller replaces never run', async () => {
  const opened = odx.openFileSync(path, 'r+');
  const fake = (): never => expect.fail('A method of the caller ran.');
  for (const key of ['handle', 'size', 'sectorSize', 'path'] as const) {
    Object.defineProperty(opened, key, { get: fake });
  }
  Object.setPrototypeOf(opened, null);
  for (const name of ALL) await call(shared, name, opened, legalRequest(name));
  await odx.zeroRange(opened, { fileOffset: 0, length: 512 });
  Object.setPrototypeOf(opened, Object.getPrototypeOf(file) as OffloadFile);
  opened[Symbol.dispose]();
});

test('A token from an offload read is not changed through the arrays that it gives out', async () => {
  const { token } = await odx.offloadRead(file, { copyLength: 4096 });
  const before = hex(token.bytes);
  token.bytes.fill(0);
  new Uint8Array(token.bytes.buffer).set(patternBytes(512));
  expect(hex(token.bytes)).toBe(before);
});
