import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { ProtocolError } from '../../src/errors.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { createOdx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import {
  packDsmReadReply,
  packDsmWriteReply,
  packReadReply,
  packWriteReply,
  wrapDsmReply,
} from './packer.ts';
import { runs, TIMEOUT } from './runs.ts';

const RUNS = 300;
const HANDLE = 0x64n;
const READ = 0x8000_0003;
const WRITE = 4;

/** A device that gives this reply to every control code. */
function replying(bytes: Uint8Array, returned: number) {
  const kernel: Kernel = {
    ...createEmulator(),
    control: async (_handle, _code, { output }) => {
      output.set(bytes.subarray(0, output.length));
      return returned;
    },
  };
  return createOdx({ kernel });
}

type Expected = Readonly<Record<string, unknown>> | 'impossible';

async function expectResult(result: Promise<object>, expected: Expected): Promise<void> {
  const outcome = await result.then(
    (found) => comparable(found),
    (error: unknown) => error,
  );
  if (expected === 'impossible') expect(outcome).toBeInstanceOf(ProtocolError);
  else expect(outcome).toEqual(comparable(expected));
}

/** Tokens as text, because comparing 512 numbers takes longer than the call. */
function comparable(values: object): object {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      value instanceof OffloadToken ? value.toBase64() : value instanceof Uint8Array ? base64(value) : value,
    ]),
  );
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const SECTOR = 512n;
const flags = fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.nat(0xffff_ffff));
const token = fc
  .nat(255)
  .map((value) => Uint8Array.from({ length: 512 }, (_, index) => (index + value) & 0xff));
const lengths = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt(0n, 64n).map((sectors) => sectors * SECTOR) },
  { weight: 1, arbitrary: fc.constantFrom(1n, 511n, 513n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n) },
  { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 64n - 1n) },
);
/** Bytes requested: a multiple of the sector, or a length that ends at the end of the file. */
const requested = fc.bigInt(0n, 20_000n);
const returnedOf = (usual: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.nat(700) });

const roundedUp = (length: bigint): bigint => ((length + SECTOR - 1n) / SECTOR) * SECTOR;
const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);

describe('the reply to', () => {
  test(
    'offloadRead becomes its result, or a ProtocolError where no device can send it',
    async () => {
      const property = fc.asyncProperty(
        requested,
        flags,
        lengths,
        token,
        returnedOf(528),
        async (copyLength, flags, covered, token, returned) => {
          const odx = replying(packReadReply(flags, covered, token), returned);
          const isEmpty = covered === 0n && copyLength > 0n && flags % 2 === 0;
          const isImpossible = returned !== 528 || covered > roundedUp(copyLength) || isEmpty;
          const transferLength = least(covered, copyLength);
          await expectResult(
            odx.offloadRead(HANDLE, { copyLength, endOfFile: copyLength }),
            isImpossible
              ? 'impossible'
              : { token, transferLength, allZeroBeyondRange: flags % 2 === 1, flags },
          );
        },
      );
      await fc.assert(property, runs(RUNS));
    },
    TIMEOUT,
  );

  test(
    'offloadWrite becomes its result, or a ProtocolError where no device can send it',
    async () => {
      const property = fc.asyncProperty(
        requested,
        flags,
        lengths,
        returnedOf(16),
        async (copyLength, flags, written, returned) => {
          const odx = replying(packWriteReply(flags, written), returned);
          const token = OffloadToken.zeroData();
          const isEmpty = returned === 0 && copyLength === 0n;
          const isImpossible =
            (returned !== 16 && returned !== 528) ||
            written > roundedUp(copyLength) ||
            (written === 0n && copyLength > 0n);
          const result = { lengthWritten: least(written, copyLength), flags };
          await expectResult(
            odx.offloadWrite(HANDLE, { token, copyLength, endOfFile: copyLength }),
            isEmpty ? { lengthWritten: 0n, flags: 0 } : isImpossible ? 'impossible' : result,
          );
        },
      );
      await fc.assert(property, runs(RUNS));
    },
    TIMEOUT,
  );

  const ranges = fc.array(
    fc.integer({ min: 1, max: 40 }).map((sectors) => ({ startingOffset: 0, lengthInBytes: sectors * 512 })),
    { minLength: 1, maxLength: 3 },
  );
  const totalOf = (list: readonly { readonly lengthInBytes: number }[]): bigint =>
    list.reduce((total, { lengthInBytes }) => total + BigInt(lengthInBytes), 0n);

  test(
    'dsmOffloadRead becomes its result wherever the device puts it, or a ProtocolError',
    async () => {
      const property = fc.asyncProperty(
        ranges,
        flags,
        lengths,
        token,
        fc.oneof({ weight: 8, arbitrary: fc.constant(512) }, { weight: 1, arbitrary: fc.nat(0xffff_ffff) }),
        fc.boolean(),
        returnedOf(536),
        async (ranges, flags, covered, token, tokenLength, isWrapped, length) => {
          const result = packDsmReadReply(flags, covered, token, tokenLength);
          // No reply is longer than the room for it, which is that of the longest form: 40 bytes and the result.
          const odx = replying(
            isWrapped ? wrapDsmReply(READ, result) : result,
            isWrapped ? 40 + Math.min(length, 536) : length,
          );
          const isImpossible =
            length < 532 ||
            (length > 576 && !isWrapped) ||
            tokenLength !== 512 ||
            covered > totalOf(ranges) ||
            covered === 0n;
          await expectResult(
            odx.dsmOffloadRead(HANDLE, { ranges }),
            isImpossible
              ? 'impossible'
              : { token, lengthProtected: covered, truncated: flags % 2 === 1, flags },
          );
        },
      );
      await fc.assert(property, runs(RUNS));
    },
    TIMEOUT,
  );

  test(
    'dsmOffloadWrite becomes its result wherever the device puts it, or a ProtocolError',
    async () => {
      const property = fc.asyncProperty(
        ranges,
        flags,
        lengths,
        fc.boolean(),
        returnedOf(16),
        async (ranges, flags, copied, isWrapped, length) => {
          const result = packDsmWriteReply(flags, copied);
          const odx = replying(
            isWrapped ? wrapDsmReply(WRITE, result) : result,
            isWrapped ? 40 + Math.min(length, 16) : length,
          );
          const tokenInvalid = Math.floor(flags / 2) % 2 === 1;
          const isImpossible =
            length < 16 ||
            (length > 56 && !isWrapped) ||
            copied > totalOf(ranges) ||
            (copied === 0n && !tokenInvalid);
          await expectResult(
            odx.dsmOffloadWrite(HANDLE, { ranges, token: OffloadToken.zeroData() }),
            isImpossible
              ? 'impossible'
              : { lengthCopied: copied, truncated: flags % 2 === 1, tokenInvalid, flags },
          );
        },
      );
      await fc.assert(property, runs(RUNS));
    },
    TIMEOUT,
  );

  test(
    'any call leads to a result or a ProtocolError, whatever bytes it holds and whatever length the device claims',
    async () => {
      const word = fc.oneof(fc.constantFrom(0, 1, 36, READ, WRITE, 40, 512, 600), fc.nat(0xffff_ffff));
      const property = fc.asyncProperty(
        fc.array(word, { minLength: 16, maxLength: 160 }),
        fc.oneof(fc.nat(600), fc.nat(0xffff_ffff)),
        async (words, returned) => {
          const odx = replying(new Uint8Array(Uint32Array.from(words).buffer), returned);
          const ranges = [{ startingOffset: 0, lengthInBytes: 2n ** 62n }];
          const token = OffloadToken.zeroData();
          const outcomes = await Promise.allSettled([
            odx.offloadRead(HANDLE, { copyLength: 2n ** 62n }),
            odx.offloadWrite(HANDLE, { token, copyLength: 2n ** 62n }),
            odx.dsmOffloadRead(HANDLE, { ranges }),
            odx.dsmOffloadWrite(HANDLE, { ranges, token }),
            odx.queryCopyOffload(HANDLE),
          ]);
          for (const outcome of outcomes) {
            if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ProtocolError);
          }
        },
      );
      await fc.assert(property, runs(RUNS));
    },
    TIMEOUT,
  );
});
