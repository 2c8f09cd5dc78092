import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../src/errors.ts';
import { copyToken, isToken, OffloadToken, putToken } from '../src/token.ts';

/** STORAGE_OFFLOAD_TOKEN: type and length are big-endian, two reserved bytes between them. */
function tokenBytes(head: string, fill = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(512).fill(fill, 8);
  bytes.set(Buffer.from(head, 'hex'));
  return bytes;
}

/** Bytes of which every run of four is easy to find in a text. */
function secretBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 512 }, (_, at) => 100 + ((at * 53) % 151));
}

const ANY = '00800000000001f8';
const ZERO = 'ffff0001000001f8';

describe('OffloadToken', () => {
  test.each([
    ['0102030400000506', 0x0102_0304, 0x0506],
    ['00800000000001f8', 0x0080_0000, 504],
    ['ffff0001000001f8', 0xffff_0001, 504],
    ['fffffffff0f0ffff', 0xffff_ffff, 0xffff],
    ['0000000000000000', 0, 0],
  ])('reads %s as the big-endian type %i and length %i', (head, type, idLength) => {
    const token = OffloadToken.from(tokenBytes(head));
    expect([token.type, token.idLength]).toEqual([type, idLength]);
  });

  test.each([
    ['one made by the SDK macro', ZERO, true],
    ['one with the length 0, as illumos sends it', 'ffff000100000000', true],
    ['one with a byte-swapped length, as the Windows NFS client sends it', 'ffff00010000f801', true],
    ['one with non-zero reserved bytes', 'ffff0001123401f8', true],
    ['one of another well-known type', 'ffff0002000001f8', false],
    ['one with a byte-swapped type', '0100ffff000001f8', false],
    ['one in the layout of old documentation', 'ffffffff00010000', false],
    ['one made by an array', ANY, false],
  ])('recognizes the zero token by its type alone: %s', (_, head, isZeroData) => {
    expect(OffloadToken.from(tokenBytes(head)).isZeroData).toBe(isZeroData);
    expect(OffloadToken.from(tokenBytes(head, 7)).isZeroData).toBe(isZeroData);
  });

  test('has the first 16 digits of the SHA-256 of its bytes as its fingerprint', () => {
    const sha = createHash('sha256').update(tokenBytes(ANY)).digest('hex');
    expect(OffloadToken.from(tokenBytes(ANY)).fingerprint).toBe(sha.slice(0, 16));
  });

  test('equals only a token with the same 512 bytes', () => {
    const token = OffloadToken.from(tokenBytes(ANY, 9));
    expect(token.equals(OffloadToken.from(tokenBytes(ANY, 9)))).toBe(true);
    expect(token.equals(token)).toBe(true);
    for (const at of [0, 7, 8, 511]) {
      const bytes = tokenBytes(ANY, 9);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(token.equals(OffloadToken.from(bytes))).toBe(false);
    }
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['its own bytes', tokenBytes(ANY, 9)],
    ['an object with the same properties', { type: 0, idLength: 0, bytes: tokenBytes(ANY, 9) }],
    ['an object with its prototype', Object.create(OffloadToken.prototype)],
    ['a proxy of a token', new Proxy(OffloadToken.from(tokenBytes(ANY, 9)), {})],
  ])('does not equal %s', (_, other) => {
    expect(OffloadToken.from(tokenBytes(ANY, 9)).equals(other as OffloadToken)).toBe(false);
    expect(isToken(other)).toBe(false);
  });

  test('survives conversion to base64 and back', () => {
    const token = OffloadToken.from(secretBytes());
    const text = token.toBase64();
    expect(text).toBe(Buffer.from(secretBytes()).toString('base64'));
    expect(OffloadToken.from(text).equals(token)).toBe(true);
    const urlSafe = Buffer.from(secretBytes()).toString('base64url');
    expect(OffloadToken.from(urlSafe).equals(token)).toBe(true);
  });

  test('survives conversion to bytes and back', () => {
    const token = OffloadToken.from(secretBytes());
    expect(Buffer.from(token.bytes)).toEqual(Buffer.from(secretBytes()));
    expect(OffloadToken.from(token.bytes).equals(token)).toBe(true);
  });
});

describe('OffloadToken.zeroData', () => {
  test('begins with ffff0001000001f8, as MAKE_ZERO_TOKEN of the SDK does, followed by zeros', () => {
    expect(Buffer.from(OffloadToken.zeroData().bytes).toString('hex')).toBe(ZERO + '00'.repeat(504));
  });

  test('is recognized as the zero token', () => {
    const { isZeroData, type, idLength } = OffloadToken.zeroData();
    expect({ isZeroData, type, idLength }).toEqual({ isZeroData: true, type: 0xffff_0001, idLength: 504 });
  });
});

describe('the bytes of a token', () => {
  test('stay the same when its source changes after from()', () => {
    const source = secretBytes();
    const token = OffloadToken.from(source);
    const before = token.fingerprint;
    source.fill(0);
    expect(token.fingerprint).toBe(before);
    expect(Buffer.from(token.bytes)).toEqual(Buffer.from(secretBytes()));
  });

  test('stay the same when the buffer of its source is transferred', () => {
    const source = secretBytes();
    const token = OffloadToken.from(source);
    structuredClone(source, { transfer: [source.buffer] });
    expect(Buffer.from(token.bytes)).toEqual(Buffer.from(secretBytes()));
  });

  test('stay the same when the copy that bytes returns is changed', () => {
    const token = OffloadToken.from(secretBytes());
    token.bytes.fill(0);
    expect(token.bytes).not.toBe(token.bytes);
    expect(token.bytes.buffer.byteLength).toBe(512);
    expect(Buffer.from(token.bytes)).toEqual(Buffer.from(secretBytes()));
  });

  test('stay the same when its properties are assigned to', () => {
    const token = OffloadToken.from(secretBytes());
    for (const key of ['bytes', 'type', 'idLength', 'isZeroData', 'fingerprint']) {
      expect(() => Object.assign(token, { [key]: 1 })).toThrow(TypeError);
    }
  });

  test('stay the same when the memory that it was copied from is reused', () => {
    const memory = new Uint8Array(16 + 512);
    memory.set(secretBytes(), 16);
    const token = copyToken(memory, 16);
    memory.fill(0);
    expect(Buffer.from(token.bytes)).toEqual(Buffer.from(secretBytes()));
  });

  test('are those at each place of the same memory', () => {
    const memory = new Uint8Array(3 * 512).map((_, at) => (at >> 9) + 1);
    const tokens = [0, 512, 1024, 0].map((at) => copyToken(memory, at));
    expect(tokens.map(({ bytes }) => [...new Set(bytes)])).toEqual([[1], [2], [3], [1]]);
  });

  test('stay the same when 1000 other tokens are made from the same slab', () => {
    const of = (seed: number): Uint8Array =>
      Uint8Array.from({ length: 512 }, (_, at) => (seed * 13 + (seed >> 6) + at * 7) & 0xff);
    const tokens = Array.from({ length: 1000 }, (_, seed) => copyToken(of(seed), 0));
    for (const [seed, token] of tokens.entries()) {
      expect(Buffer.compare(token.bytes, of(seed))).toBe(0);
    }
  });

  test('stay the same when a buffer that it was written into changes', () => {
    const token = OffloadToken.from(secretBytes());
    const into = new Uint8Array(544);
    putToken(token, into, 32);
    into.fill(0);
    expect(Buffer.from(token.bytes)).toEqual(Buffer.from(secretBytes()));
  });

  test('stay the same when its source is a subclass of Uint8Array with overridden methods', () => {
    class Sly extends Uint8Array {
      override get length(): number {
        return 512;
      }
      override slice(): Uint8Array<ArrayBuffer> {
        return new Uint8Array(512);
      }
      override *[Symbol.iterator](): ArrayIterator<number> {}
    }
    expect(() => OffloadToken.from(new Sly(3))).toThrow('token holds 3 bytes');
    const sly = new Sly(512).fill(7);
    expect(Buffer.from(OffloadToken.from(sly).bytes)).toEqual(Buffer.alloc(512, 7));
  });
});

describe('a printed token', () => {
  const token = OffloadToken.from(secretBytes());

  const OUTPUTS: [string, () => string][] = [
    ['String()', () => String(token)],
    ['a template literal', () => `${token}`],
    ['inspect', () => inspect(token)],
    ['inspect with every option', () => inspect(token, { showHidden: true, depth: null, getters: true })],
    ['inspect within an object', () => inspect({ deep: { token } }, { depth: null })],
    ['inspect within a Map', () => inspect(new Map([[token, token]]))],
    ['JSON', () => JSON.stringify(token)],
    ['JSON within an object', () => JSON.stringify({ deep: { tokens: [token] } })],
    ['its keys', () => JSON.stringify([Reflect.ownKeys(token), Object.entries(token)])],
    ['a spread', () => inspect({ ...token })],
    ['a clone', () => inspect(structuredClone(token))],
  ];

  test.each(OUTPUTS)('shows neither bytes nor base64 in %s', (_, print) => expectNoSecret(print()));

  test.each(OUTPUTS.slice(0, 8))('shows the fingerprint in %s', (_, print) => {
    expect(print()).toContain(token.fingerprint);
  });

  test('shows that it is the zero token, which is not secret', () => {
    expect(String(OffloadToken.zeroData())).toBe('OffloadToken(zero data)');
    expect(inspect(OffloadToken.zeroData())).toBe('OffloadToken(zero data)');
  });

  test.each<[string, (bytes: Uint8Array) => unknown]>([
    ['one byte too short', (bytes) => bytes.subarray(1)],
    ['one byte too long', (bytes) => Uint8Array.of(...bytes, 0)],
    ['in a Uint16Array', (bytes) => new Uint16Array([...bytes])],
    ['in a DataView', (bytes) => new DataView(bytes.buffer)],
    ['in an ArrayBuffer', (bytes) => bytes.buffer],
    ['in a plain array', (bytes) => [...bytes]],
    ['as truncated base64', (bytes) => Buffer.from(bytes).toString('base64').slice(0, 600)],
    ['as damaged base64', (bytes) => `*${Buffer.from(bytes).toString('base64')}`],
    ['as hexadecimal', (bytes) => Buffer.from(bytes).toString('hex')],
  ])('shows nothing of its bytes in the error for a token %s', (_, damage) => {
    const error = refusalOf(() => OffloadToken.from(damage(secretBytes()) as Uint8Array));
    expectNoSecret(inspect(error, { depth: null, showHidden: true }));
    expectNoSecret(String(error.stack));
  });
});

describe('OffloadToken.from', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(512));
  const detached = new Uint8Array(512);
  structuredClone(detached, { transfer: [detached.buffer] });

  test.each<[string, unknown, RegExp]>([
    ['511 bytes', new Uint8Array(511), /^token holds 511 bytes; it must hold exactly 512/],
    ['513 bytes', new Uint8Array(513), /^token holds 513 bytes; it must hold exactly 512/],
    ['no bytes', new Uint8Array(0), /^token holds 0 bytes/],
    ['a detached buffer', detached, /^token holds 0 bytes \(was its buffer transferred\?\)/],
    ['shared memory', shared, /^token is in shared memory/],
    ['an empty string', '', /^token holds 0 bytes/],
    ['base64 of 511 bytes', Buffer.alloc(511).toString('base64'), /^token holds 511 bytes/],
    ['base64 of 513 bytes', Buffer.alloc(513).toString('base64'), /^token holds 513 bytes/],
    ['hexadecimal', '00'.repeat(512), /^token holds 768 bytes/],
    [
      'base64 with a line break',
      `${Buffer.alloc(512).toString('base64')}\n`,
      /^token is a string that is not base64/,
    ],
    ['a sentence', 'my token!', /^token is a string that is not base64/],
    ['undefined', undefined, /^token is missing/],
    ['null', null, /^token is null/],
    ['a number', 512, /^token is 512;/],
    ['a bigint', 512n, /^token is 512n;/],
    ['a boolean', true, /^token is true;/],
    ['a symbol', Symbol('token'), /^token is a symbol;/],
    ['a function', () => new Uint8Array(512), /^token is a function;/],
    ['an array', Array.from({ length: 512 }, () => 0), /^token is an array;/],
    ['an ArrayBuffer', new ArrayBuffer(512), /^token is an object;/],
    ['a DataView', new DataView(new ArrayBuffer(512)), /^token is an object;/],
    ['a Uint16Array of 512 bytes', new Uint16Array(256), /^token is an object;/],
    ['an array-like object', { length: 512, 0: 1 }, /^token is an object;/],
    ['a proxy of bytes', new Proxy(new Uint8Array(512), {}), /^token is an object;/],
    ['a token', OffloadToken.zeroData(), /^token is an object;/],
  ])('refuses to create a token from %s', (_, source, sentence) => {
    const error = refusalOf(() => OffloadToken.from(source as Uint8Array));
    expect(error.message).toMatch(sentence);
    expect(error.issues).toEqual([{ path: 'token', message: error.message }]);
  });

  test('refuses a revoked proxy', () => {
    const { proxy, revoke } = Proxy.revocable(new Uint8Array(512), {});
    revoke();
    expect(refusalOf(() => OffloadToken.from(proxy)).message).toMatch(/^token is a revoked proxy;/);
  });
});

describe('new OffloadToken', () => {
  const Constructor = OffloadToken as unknown as new (...given: unknown[]) => OffloadToken;

  test.each<[string, unknown[]]>([
    ['no arguments', []],
    ['bytes', [new Uint8Array(512)]],
    ['a symbol of the same name', [Symbol('OffloadToken'), new Uint8Array(512)]],
    ['undefined and bytes', [undefined, new Uint8Array(512)]],
  ])('refuses to be called with %s', (_, given) => {
    const message = 'An OffloadToken cannot be created with new; use OffloadToken.from or an offload read.';
    expect(refusalOf(() => new Constructor(...given)).issues).toEqual([{ path: '', message }]);
  });

  test('refuses to be called by a subclass', () => {
    class Mine extends Constructor {}
    expect(() => new Mine(new Uint8Array(512))).toThrow(InvalidArgumentError);
  });

  test('is not called by OffloadToken.from on another class', () => {
    const from = OffloadToken.from;
    expect(from.call(class Mine {} as unknown as typeof OffloadToken, secretBytes())).toBeInstanceOf(
      OffloadToken,
    );
  });
});

function refusalOf(run: () => unknown): InvalidArgumentError {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error;
    throw error;
  }
  throw new Error('The call succeeded, but the test expects it to be refused.');
}

/** Checks that a text has no run of four secret bytes, as hexadecimal, decimal list or base64. */
function expectNoSecret(text: string): void {
  const bytes = Buffer.from(secretBytes());
  const base64 = bytes.toString('base64');
  const lower = text.toLowerCase();
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const four = bytes.subarray(at, at + 4);
    expect(lower).not.toContain(four.toString('hex'));
    expect(text).not.toContain([...four].join(', '));
    expect(text).not.toContain([...four].join(','));
  }
  for (let at = 0; at + 8 <= base64.length; at += 8) expect(text).not.toContain(base64.slice(at, at + 8));
}
