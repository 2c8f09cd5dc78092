import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { UnsupportedPlatformError } from '../../src/errors.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { createOdx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, sharedWorkspace, temporaryFolder } from '../kit.ts';
import {
  ALL,
  call,
  DSM_READS,
  DSM_WRITES,
  type FunctionName,
  legalRequest,
  READS,
  refusal,
  WRITES,
} from './functions.ts';

const shared = sharedWorkspace();
const file = shared.odx.openFileSync(shared.file('file', 131_072), 'r+');
afterAll(() => file.close());

const expectNothingCalled = (): void => expect(shared.emulator.calls.splice(0)).toEqual([]);
const DSM = [...DSM_READS, ...DSM_WRITES];
const mine = new Error('thrown by the caller');
const throwing = (): never => {
  throw mine;
};

// Every key of each request, for requests made of getters.
const KEYS: Record<FunctionName, Record<string, unknown>> = {
  offloadRead: {
    copyLength: 512,
    fileOffset: 1024,
    tokenTimeToLive: 5000,
    sectorSize: 512,
    endOfFile: 131_072,
  },
  offloadReadSync: {
    copyLength: 512,
    fileOffset: 1024,
    tokenTimeToLive: 5000,
    sectorSize: 512,
    endOfFile: 131_072,
  },
  offloadWrite: {
    token: OffloadToken.zeroData(),
    copyLength: 512,
    fileOffset: 0,
    transferOffset: 512,
    sectorSize: 512,
    endOfFile: 131_072,
  },
  offloadWriteSync: {
    token: OffloadToken.zeroData(),
    copyLength: 512,
    fileOffset: 0,
    transferOffset: 512,
    sectorSize: 512,
    endOfFile: 131_072,
  },
  dsmOffloadRead: { ranges: [{ startingOffset: 512, lengthInBytes: 1024 }], timeToLive: 9, sectorSize: 512 },
  dsmOffloadReadSync: {
    ranges: [{ startingOffset: 512, lengthInBytes: 1024 }],
    timeToLive: 9,
    sectorSize: 512,
  },
  dsmOffloadWrite: {
    ranges: [{ startingOffset: 0, lengthInBytes: 1024 }],
    token: OffloadToken.zeroData(),
    tokenOffset: 512,
    sectorSize: 512,
  },
  dsmOffloadWriteSync: {
    ranges: [{ startingOffset: 0, lengthInBytes: 1024 }],
    token: OffloadToken.zeroData(),
    tokenOffset: 512,
    sectorSize: 512,
  },
};

/** The same values behind getters that count their calls and return something else on the second call. */
function asGetters(values: object, counts: Map<string, number>, prefix = ''): object {
  const made = {};
  for (const [key, value] of Object.entries(values)) {
    const name = prefix + key;
    const inner = Array.isArray(value)
      ? value.map((item, at) => asGetters(item, counts, `${name}.${at}.`))
      : value;
    Object.defineProperty(made, key, {
      enumerable: true,
      get() {
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        return count === 1 ? inner : { toString: throwing, valueOf: throwing };
      },
    });
  }
  return made;
}

async function inputOf(name: FunctionName, request: unknown): Promise<string> {
  await call(shared, name, file, request);
  const [seen, ...more] = shared.emulator.calls.splice(0);
  expect(more).toEqual([]);
  return Buffer.from(seen?.input ?? []).toString('hex');
}

describe.each(ALL)('%s with getters', (name) => {
  test('reads each getter exactly once and sends the value it returned', async () => {
    const plain = await inputOf(name, KEYS[name]);
    const counts = new Map<string, number>();
    expect(await inputOf(name, asGetters(KEYS[name], counts))).toBe(plain);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect([...counts.keys()].filter((key) => !key.includes('.')).sort()).toEqual(
      Object.keys(KEYS[name]).sort(),
    );
  });

  test.each(Object.keys(KEYS[name]))('rethrows the exception of the getter %s unchanged', async (key) => {
    const request = Object.defineProperty({ ...KEYS[name] }, key, { enumerable: true, get: throwing });
    expect(await failureOf(() => call(shared, name, file, request))).toBe(mine);
    expectNothingCalled();
  });

  test('rethrows a thrown value that is not an Error', async () => {
    for (const thrown of ['a string', undefined, null, 7, 7n, Symbol('x')]) {
      const get = (): never => {
        throw thrown;
      };
      const request = Object.defineProperty({ ...KEYS[name] }, 'sectorSize', { enumerable: true, get });
      expect(await failureOf(() => call(shared, name, file, request))).toBe(thrown);
    }
    expectNothingCalled();
  });

  test('ignores a getter that is not enumerable', async () => {
    const request = Object.defineProperty({ ...KEYS[name] }, 'hidden', { enumerable: false, get: throwing });
    await call(shared, name, file, request);
    shared.emulator.calls.length = 0;
  });
});

describe.each(DSM)('%s with getters in its ranges', (name) => {
  test.each(['startingOffset', 'lengthInBytes'])(
    'rethrows the exception of the getter %s of a range',
    async (key) => {
      const range = Object.defineProperty({ startingOffset: 0, lengthInBytes: 512 }, key, {
        enumerable: true,
        get: throwing,
      });
      expect(
        await failureOf(() => call(shared, name, file, { ...legalRequest(name), ranges: [range] })),
      ).toBe(mine);
      expectNothingCalled();
    },
  );

  test('reads a getter that is an element of ranges exactly once', async () => {
    let runs = 0;
    const ranges = Object.defineProperty([undefined], 0, {
      get() {
        runs++;
        return { startingOffset: 0, lengthInBytes: 512 };
      },
    });
    await call(shared, name, file, { ...legalRequest(name), ranges });
    expect(runs).toBe(1);
    shared.emulator.calls.length = 0;
  });

  test('reads ranges by index, so a custom iterator never runs', async () => {
    const ranges = Object.assign([{ startingOffset: 0, lengthInBytes: 512 }], {
      [Symbol.iterator]: throwing,
      map: throwing,
    });
    await call(shared, name, file, { ...legalRequest(name), ranges });
    shared.emulator.calls.length = 0;
  });
});

describe.each(ALL)('%s with a proxy as the request', (name) => {
  test.each<[string, ProxyHandler<object>]>([
    ['ownKeys', { ownKeys: throwing }],
    ['get', { get: throwing }],
    ['getOwnPropertyDescriptor', { getOwnPropertyDescriptor: throwing }],
  ])('rethrows the exception of its %s trap', async (_, traps) => {
    const request = new Proxy({ ...legalRequest(name) }, traps);
    expect(await failureOf(() => call(shared, name, file, request))).toBe(mine);
    expectNothingCalled();
  });

  test('refuses a revoked proxy', async () => {
    const { proxy, revoke } = Proxy.revocable({ ...legalRequest(name) }, {});
    revoke();
    const error = await refusal(() => call(shared, name, file, proxy));
    expect(error.message).toBe(`${name} takes an object, not a revoked proxy.`);
    expectNothingCalled();
  });

  test('accepts a proxy that behaves like its target', async () => {
    const plain = await inputOf(name, KEYS[name]);
    expect(await inputOf(name, new Proxy(KEYS[name], {}))).toBe(plain);
  });

  test('refuses the keys that a proxy reports in addition to its own', async () => {
    const request = new Proxy(
      { ...legalRequest(name) },
      {
        ownKeys: (target) => [...Reflect.ownKeys(target), 'ghost'],
        getOwnPropertyDescriptor: (target, key) =>
          Reflect.getOwnPropertyDescriptor(target, key) ?? { value: 1, enumerable: true, configurable: true },
      },
    );
    const error = await refusal(() => call(shared, name, file, request));
    expect(error.issues.map((issue) => issue.path)).toEqual(['ghost']);
    expectNothingCalled();
  });
});

const TAKE_A_SIGNAL = ALL.filter((name) => !name.endsWith('Sync'));

describe.each(TAKE_A_SIGNAL)('%s with a signal whose methods were replaced', (name) => {
  function tampered(): AbortController {
    const controller = new AbortController();
    for (const key of ['aborted', 'reason', 'addEventListener', 'removeEventListener']) {
      Object.defineProperty(controller.signal, key, { get: throwing, configurable: true });
    }
    return controller;
  }

  test('completes without calling the replaced methods', async () => {
    const { signal } = tampered();
    const result = await call(shared, name, file, { ...legalRequest(name), signal });
    shared.emulator.calls.length = 0;
    expect(Object.values(result as object)).toContain(65_536n);
  });

  test('is cancelled when the signal is aborted', async () => {
    const controller = tampered();
    const slow = createOdx({ kernel: createEmulator({ latency: 5000 }) });
    const opened = await slow.openFile(file.path, 'r+');
    const calling = call({ ...shared, odx: slow }, name, opened, {
      ...legalRequest(name),
      signal: controller.signal,
    });
    controller.abort(mine);
    expect(await failureOf(() => calling)).toMatchObject({ name: 'AbortError', cause: mine });
    await opened.close();
  });
});

describe.each(ALL)('%s', (name) => {
  const freeze = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    for (const inner of Object.values(value)) freeze(inner);
    return Object.freeze(value);
  };
  const frozen = (): unknown => {
    const { ranges, ...rest } = KEYS[name];
    const copied = Array.isArray(ranges) ? { ranges: ranges.map((range: object) => ({ ...range })) } : {};
    return freeze({ ...rest, ...copied });
  };

  test('accepts a frozen request', async () => {
    expect(await inputOf(name, frozen())).toBe(await inputOf(name, KEYS[name]));
  });

  test('accepts a request without a prototype', async () => {
    const bare = Object.assign(Object.create(null), KEYS[name]);
    expect(await inputOf(name, bare)).toBe(await inputOf(name, KEYS[name]));
  });

  test('does not change the request object', async () => {
    const request = structuredCloneable(KEYS[name]);
    const before = JSON.stringify(request);
    await call(shared, name, file, request);
    expect(JSON.stringify(request)).toBe(before);
    shared.emulator.calls.length = 0;
  });

  test('does not change a request object that it refuses', async () => {
    const request = { ...structuredCloneable(KEYS[name]), sectorSize: 3 };
    const before = JSON.stringify(request);
    await refusal(() => call(shared, name, file, request));
    expect(JSON.stringify(request)).toBe(before);
    expectNothingCalled();
  });

  test('does not read the request again after the call has begun', async () => {
    const request: Record<string, unknown> = { ...structuredCloneable(KEYS[name]) };
    const running = Promise.resolve(call(shared, name, file, request));
    for (const key of Object.keys(request)) request[key] = 'changed';
    await running;
    shared.emulator.calls.length = 0;
  });
});

function structuredCloneable(values: Record<string, unknown>): Record<string, unknown> {
  const { ranges, ...rest } = values;
  return Array.isArray(ranges) ? { ...rest, ranges: ranges.map((range: object) => ({ ...range })) } : rest;
}

test.each([...READS, ...WRITES])(
  '%s does not change the copyLength of the request when it rounds it up at the end of the file',
  async (name) => {
    const request = Object.freeze({
      ...legalRequest(name),
      copyLength: 100,
      fileOffset: 131_072 - 512,
      endOfFile: 131_072 - 412,
    });
    await Promise.resolve(call(shared, name, file, request)).catch(() => {});
    expect(request.copyLength).toBe(100);
    shared.emulator.calls.length = 0;
  },
);

describe.each(ALL)('%s with inherited properties', (name) => {
  class Request {
    get copyLength(): number {
      return 512;
    }
    get ranges(): object[] {
      return [{ startingOffset: 0, lengthInBytes: 512 }];
    }
    get token(): OffloadToken {
      return OffloadToken.zeroData();
    }
  }

  test('refuses a request whose values are accessors of its class', async () => {
    const error = await refusal(() => call(shared, name, file, new Request()));
    expect(error.issues.map((issue) => issue.path).sort()).toEqual(Object.keys(legalRequest(name)).sort());
    expectNothingCalled();
  });

  test('refuses a request that inherits its values from another object', async () => {
    const error = await refusal(() => call(shared, name, file, Object.create(legalRequest(name))));
    expect(error.issues.length).toBe(Object.keys(legalRequest(name)).length);
    expectNothingCalled();
  });

  test('accepts an instance of a class with properties of its own', async () => {
    class Own {
      constructor(values: object) {
        Object.assign(this, values);
      }
    }
    expect(await inputOf(name, new Own(KEYS[name]))).toBe(await inputOf(name, KEYS[name]));
  });

  test('ignores properties whose key is a symbol', async () => {
    expect(await inputOf(name, { ...KEYS[name], [Symbol('note')]: 1 })).toBe(await inputOf(name, KEYS[name]));
  });
});

describe('a polluted Object.prototype', () => {
  let polluted: string[] = [];
  afterEach(() => {
    for (const key of polluted) Reflect.deleteProperty(Object.prototype, key);
    polluted = [];
  });

  function pollute(key: string, value: unknown, enumerable: boolean): void {
    polluted.push(key);
    Object.defineProperty(Object.prototype, key, { value, enumerable, configurable: true, writable: true });
  }

  const POLLUTION: [string, unknown][] = [
    ['copyLength', 512],
    ['fileOffset', 1],
    ['transferOffset', 1],
    ['tokenTimeToLive', 'soon'],
    ['timeToLive', 'soon'],
    ['tokenOffset', 1],
    ['sectorSize', 4096],
    ['endOfFile', 3],
    ['signal', 'no signal'],
    ['token', 'no token'],
    ['ranges', 'no ranges'],
    ['startingOffset', 1],
    ['lengthInBytes', 1],
    ['asked', 1n],
    ['fd', 3],
    ['anything', 'else'],
  ];

  describe.each([true, false])('with properties that are enumerable: %s', (enumerable) => {
    test('does not change the options of copyFile, copyFiles and openFile', async () => {
      const { path, file: create } = temporaryFolder();
      create('source', 300_000);
      const kernel = createEmulator();
      const odx = createOdx({ kernel });
      const work = async (): Promise<number> => {
        kernel.calls.length = 0;
        await odx.copyFile(path('source'), path('a'));
        await odx.copyFiles([[path('source'), path('b')]]);
        const file = await odx.openFile(path('a'), 'r+');
        const other = odx.openFileSync(path('b'), 'r+');
        expect([file.size, other.size]).toEqual([300_000n, 300_000n]);
        await Promise.all([file.close(), other.close()]);
        return kernel.calls.length;
      };
      const before = await work();
      const hostile: [string, unknown][] = [
        ['overwrite', false],
        ['chunkSize', 4096],
        ['minimumSize', 1e9],
        ['mode', 'never'],
        ['verify', 'maybe'],
        ['onProgress', () => expect.unreachable('onProgress was not passed')],
        ['signal', AbortSignal.abort()],
        ['concurrency', 0],
        ['stopOnError', 'yes'],
        ['size', 1],
        ['kernel32', './another.dll'],
        ['anything', 'else'],
      ];
      for (const [key, value] of hostile) pollute(key, value, enumerable);
      const after = await work().finally(() => {
        for (const key of polluted.splice(0)) Reflect.deleteProperty(Object.prototype, key);
      });
      expect(after).toBe(before);
    });

    test('does not make loadKernel32 load another library', () => {
      pollute('kernel32', './another.dll', enumerable);
      let failure: unknown;
      try {
        loadKernel32();
      } catch (error) {
        failure = error;
      }
      for (const key of polluted.splice(0)) Reflect.deleteProperty(Object.prototype, key);
      if (process.platform === 'win32') expect(failure).toBeUndefined();
      else expect(failure).toBeInstanceOf(UnsupportedPlatformError);
    });

    test.each(ALL)('does not change the bytes that %s sends', async (name) => {
      const before = await inputOf(name, legalRequest(name));
      for (const [key, value] of POLLUTION) pollute(key, value, enumerable);
      const after = await inputOf(name, legalRequest(name));
      const result = await call(shared, name, file, legalRequest(name));
      shared.emulator.calls.length = 0;
      for (const key of polluted.splice(0)) Reflect.deleteProperty(Object.prototype, key);
      expect(after).toBe(before);
      expect(Object.values(result as object)).toContain(65_536n);
    });

    test.each(ALL)('does not supply the keys that are missing in a request of %s', async (name) => {
      const legal = legalRequest(name);
      for (const [key, value] of Object.entries(legal)) pollute(key, value, enumerable);
      const error = await refusal(() => call(shared, name, file, {}));
      const paths = error.issues.map((issue) => issue.path).sort();
      for (const key of polluted.splice(0)) Reflect.deleteProperty(Object.prototype, key);
      expect(paths).toEqual(Object.keys(legal).sort());
      expectNothingCalled();
    });

    test.each(DSM)('does not supply the keys that are missing in a range of %s', async (name) => {
      pollute('startingOffset', 0, enumerable);
      pollute('lengthInBytes', 512, enumerable);
      const error = await refusal(() => call(shared, name, file, { ...legalRequest(name), ranges: [{}] }));
      for (const key of polluted.splice(0)) Reflect.deleteProperty(Object.prototype, key);
      expect(error.issues).toEqual(
        ['startingOffset', 'lengthInBytes'].map((key) => ({
          path: `ranges.0.${key}`,
          message: `ranges.0.${key} is missing; it must be a number of bytes, such as 512.`,
        })),
      );
      expectNothingCalled();
    });

    test('does not affect openFile, createEmulator and createOdx', async () => {
      for (const key of [
        'size',
        'sectorSize',
        'latency',
        'intercept',
        'dsm',
        'kernel',
        'status',
        'truncate',
        'delay',
      ]) {
        pollute(key, 'polluted', enumerable);
      }
      const emulator = createEmulator({ intercept: () => ({}) });
      const odx = createOdx({ kernel: emulator });
      const opened = odx.openFileSync(file.path, 'r', {});
      const { transferLength } = odx.offloadReadSync(opened, { copyLength: 512 });
      opened[Symbol.dispose]();
      for (const key of polluted.splice(0)) Reflect.deleteProperty(Object.prototype, key);
      expect(transferLength).toBe(512n);
    });
  });

  test('never has its accessors called', async () => {
    polluted.push('signal', 'asked', 'sectorSize', 'endOfFile', 'fileOffset', 'tokenTimeToLive');
    for (const key of polluted)
      Object.defineProperty(Object.prototype, key, { get: throwing, configurable: true });
    const { transferLength } = await shared.odx.offloadRead(file, { copyLength: 512 });
    expect(transferLength).toBe(512n);
    shared.emulator.calls.length = 0;
  });
});

describe('a file given as an object with an fd getter', () => {
  test('rethrows the exception of the getter', async () => {
    const borrowed = Object.defineProperty({}, 'fd', { get: throwing }) as { readonly fd: number };
    for (const name of ALL) {
      expect(
        await failureOf(() => call(shared, name, borrowed as unknown as bigint, legalRequest(name))),
      ).toBe(mine);
    }
    expect(await failureOf(() => shared.odx.queryCopyOffload(borrowed))).toBe(mine);
    expectNothingCalled();
  });

  test('has its getter called once', async () => {
    const fd = (await import('node:fs')).openSync(file.path, 'r+');
    try {
      for (const name of ALL) {
        let runs = 0;
        const borrowed = Object.defineProperty({}, 'fd', {
          get() {
            runs++;
            return runs === 1 ? fd : 'changed';
          },
        });
        await call(shared, name, borrowed as unknown as bigint, legalRequest(name));
        expect(runs).toBe(1);
      }
    } finally {
      (await import('node:fs')).closeSync(fd);
      shared.emulator.calls.length = 0;
    }
  });
});
