import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { createOdx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import { createFolder } from '../kit.ts';
import { type OpenFile, type OracleName, oracles } from './oracle.ts';
import { packDsmRead, packDsmWrite, packRead, packWrite } from './packer.ts';
import { runs, TIMEOUT } from './runs.ts';

type Request = Readonly<Record<string, unknown>>;

const RUNS = 300;

// These kernels refuse everything, so that a legal request does nothing but arrive.
const refusing = [512, 4096].map((sectorSize) =>
  createEmulator({ sectorSize, intercept: () => ({ status: 0xc000_00bb }) }),
);
const [fine, coarse] = refusing.map((kernel) => createOdx({ kernel }));
if (fine === undefined || coarse === undefined) throw new Error('There must be two kernels.');

const folder = createFolder();
const small = await fine.openFile(folder.sparseFile('small', 100_000), 'r+');
const large = await coarse.openFile(folder.sparseFile('large', 20_000), 'r+');
afterAll(async () => {
  await small.close();
  await large.close();
  folder.remove();
});

const SUBJECTS = [
  { odx: fine, file: 0x64n },
  { odx: fine, file: small },
  { odx: coarse, file: large },
];
type Subject = (typeof SUBJECTS)[number];

const knownOf = ({ file }: Subject): OpenFile | undefined => (typeof file === 'bigint' ? undefined : file);

function call(name: OracleName, { odx, file }: Subject, request: Request): unknown {
  const paths = [folder.path('missing'), folder.path('copy')] as const;
  if (name === 'copyFile') return odx.copyFile(...paths, request);
  if (name === 'copyFiles') return odx.copyFiles([paths], request).then(([result]) => Promise.reject(result));
  return (odx[name] as (file: unknown, request: unknown) => unknown)(file, request);
}

// Values for each kind of field: most are legal, some just miss it, a few are of another kind.

const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    '512',
    Number.NaN,
    Infinity,
    -Infinity,
    -1,
    0.5,
    {},
    [],
    Symbol('x'),
  ),
  fc.double(),
  fc.string(),
  fc.bigInt(),
);
const mostly = (usual: fc.Arbitrary<unknown>, weight = 30): fc.Arbitrary<unknown> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: fc.oneof(strange, fc.constant(undefined)) });

const SIZES = [0, 1, 160, 511, 512, 3616, 16_384, 20_000, 99_840, 100_000];
const LIMITS = [2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap((limit) =>
  [0n, 1n, 512n, 4096n, 65_536n].map((below) => limit - below),
);
const counts = mostly(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc
        .tuple(fc.nat(64), fc.constantFrom(512, 4096, 65_536), fc.constantFrom(Number, BigInt))
        .map(([times, unit, kind]) => kind(times * unit)),
    },
    { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 63n).map((value) => value - (value % 65_536n)) },
    { weight: 1, arbitrary: fc.constantFrom(...SIZES, ...LIMITS, -0, 2 ** 53 - 512, 2 ** 53) },
  ),
);
const sectorSizes = mostly(fc.constantFrom(undefined, undefined, 512, 1024, 4096, 65_536), 20);
const u32 = mostly(fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0xffff_ffff, 2 ** 32)));
const booleans = mostly(fc.boolean());
const modes = mostly(fc.constantFrom('prefer', 'require'));
const signals = mostly(fc.constantFrom(undefined, new AbortController().signal));
const callbacks = mostly(fc.constantFrom(undefined, () => {}));
const bytes = (length: number, from = 0): fc.Arbitrary<Uint8Array> =>
  fc.nat(255).map((value) => new Uint8Array(from + length).fill(value).subarray(from));
const tokens = mostly(
  fc.oneof(
    { weight: 8, arbitrary: fc.oneof(bytes(512), bytes(512, 3), fc.constant(OffloadToken.zeroData())) },
    { weight: 1, arbitrary: fc.oneof(bytes(511), bytes(513), bytes(0)) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(new SharedArrayBuffer(512))) },
  ),
);
const range = fc.oneof(
  { weight: 40, arbitrary: fc.record({ startingOffset: counts, lengthInBytes: counts }) },
  { weight: 1, arbitrary: fc.record({ startingOffset: counts, lengthInBytes: counts, length: counts }) },
  { weight: 1, arbitrary: strange },
);
const ranges = mostly(fc.array(range, { maxLength: 3 }), 20);

const sector = { sectorSize: sectorSizes };
const ofFile = { ...sector, endOfFile: mostly(fc.constantFrom(undefined, ...SIZES)) };
const read = { copyLength: counts, fileOffset: counts, tokenTimeToLive: u32, ...ofFile };
const write = { token: tokens, copyLength: counts, fileOffset: counts, transferOffset: counts, ...ofFile };
const dsmRead = { ranges, timeToLive: u32, ...sector };
const dsmWrite = { ranges, token: tokens, tokenOffset: counts, ...sector };
const signal = { signal: signals };
const copy = {
  mode: modes,
  overwrite: booleans,
  verify: booleans,
  minimumSize: counts,
  chunkSize: counts,
  onProgress: callbacks,
  ...signal,
};

const FIELDS: Record<OracleName, Readonly<Record<string, fc.Arbitrary<unknown>>>> = {
  offloadRead: { ...read, ...signal },
  offloadReadSync: read,
  offloadWrite: { ...write, ...signal },
  offloadWriteSync: write,
  dsmOffloadRead: { ...dsmRead, ...signal },
  dsmOffloadReadSync: dsmRead,
  dsmOffloadWrite: { ...dsmWrite, ...signal },
  dsmOffloadWriteSync: dsmWrite,
  zeroRange: { fileOffset: counts, length: counts, ...ofFile, ...signal },
  copyFile: copy,
  copyFiles: { ...copy, concurrency: mostly(fc.nat(70)), stopOnError: booleans },
};

/** A request with most of its fields, and now and then an unknown one. */
function requestOf(name: OracleName): fc.Arbitrary<Request> {
  const fields = fc.record(FIELDS[name]);
  const omitted = fc.subarray(Object.keys(FIELDS[name]), { maxLength: 1 });
  const unknown = fc.constantFrom('signal', 'length', 'copylength', 'toString');
  const extras = fc.oneof(
    { weight: 20, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(unknown) },
  );
  return fc.tuple(fields, omitted, extras).map(([request, keys, extra]) => {
    const kept = Object.entries(request).filter(([key]) => !keys.includes(key));
    return Object.fromEntries([...extra.map((key) => [key, undefined]), ...kept]);
  });
}

/** The bytes that a legal request must have on the wire; undefined for calls that are made of several. */
function packed(name: OracleName, request: Request, file: OpenFile | undefined): Uint8Array | undefined {
  const sectorSize = Number(request['sectorSize'] ?? file?.sectorSize ?? 512);
  const { token } = request;
  const fields = { ...request, ...(token instanceof OffloadToken ? { token: token.bytes } : {}) } as never;
  switch (name) {
    case 'offloadRead':
    case 'offloadReadSync':
      return packRead(fields, sectorSize);
    case 'offloadWrite':
    case 'offloadWriteSync':
      return packWrite(fields, sectorSize);
    case 'dsmOffloadRead':
    case 'dsmOffloadReadSync':
      return packDsmRead(fields);
    case 'dsmOffloadWrite':
    case 'dsmOffloadWriteSync':
      return packDsmWrite(fields);
    default:
      return undefined;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a call throws or rejects with; undefined when it succeeds. */
async function outcomeOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe.each(Object.keys(oracles) as OracleName[])('%s', (name) => {
  test(
    'refuses exactly the illegal requests, names exactly their wrong fields, and sends the documented bytes of the others',
    async () => {
      let legal = 0;
      let refused = 0;
      const property = fc.asyncProperty(
        requestOf(name),
        fc.constantFrom(...SUBJECTS.keys()),
        async (request, index) => {
          const subject = SUBJECTS[index] ?? { odx: fine, file: small };
          const { must, may } = oracles[name](request, knownOf(subject));
          const error = await outcomeOf(() => call(name, subject, request));
          const sent = refusing.flatMap(({ calls }) => calls.splice(0));
          if (must.size > 0) {
            refused++;
            expect(error).toBeInstanceOf(InvalidArgumentError);
            const named = new Set((error as InvalidArgumentError).issues.map(({ path }) => path));
            expect([...named].filter((path) => !must.has(path) && !may(path))).toEqual([]);
            expect([...must].filter((path) => !named.has(path))).toEqual([]);
            expect(sent).toEqual([]);
            return;
          }
          legal++;
          const isNothing = name === 'zeroRange' && BigInt(request['length'] as number) === 0n;
          if (isNothing) expect(error).toBeUndefined();
          else expect(error).toBeInstanceOf(Win32Error);
          const bytes = packed(name, request, knownOf(subject));
          if (bytes !== undefined) expect(sent.map(({ input }) => hex(input))).toEqual([hex(bytes)]);
        },
      );
      await fc.assert(property, runs(RUNS));
      expect({ legal: legal > RUNS / 10, refused: refused > RUNS / 10 }).toEqual({
        legal: true,
        refused: true,
      });
    },
    TIMEOUT,
  );
});
