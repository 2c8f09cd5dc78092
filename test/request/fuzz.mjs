// Passes many hostile values in every position of every public function. Runs in its own process, because a crash would
// end the tests. Prints every error that is neither an OdxError nor thrown by a value itself.
// Argument: a scratch folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createEmulator } from 'win-odx/emulator';
import { loadKernel32 } from 'win-odx/kernel32';
import { layoutOf } from 'win-odx/structs';

const [scratch] = process.argv.slice(2);
const odxModule = await import('win-odx');
const { createOdx, explainStatus, OdxError, OffloadFile, OffloadToken } = odxModule;

mkdirSync(scratch, { recursive: true });
process.chdir(scratch);
writeFileSync('source', Buffer.alloc(131_072, 1));
writeFileSync('target', Buffer.alloc(131_072, 2));

const OURS = Symbol('thrown by a value');
const bang = () => {
  throw Object.assign(new Error('bang'), { [OURS]: true });
};
const everyTrap = new Proxy({}, { get: () => bang });
const revoked = (target) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const detached = new Uint8Array(512);
structuredClone(detached, { transfer: [detached.buffer] });
const cyclic = {};
cyclic.self = cyclic;
const rejected = Promise.reject(new Error('unused'));
rejected.catch(() => {});

const emulator = createEmulator();
const odx = createOdx({ kernel: emulator });
const closed = odx.openFileSync('source', 'r');
await closed.close();
const foreign = createOdx({ kernel: createEmulator() }).openFileSync('source', 'r');

const VALUES = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  511,
  512,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  0n,
  1n,
  -1n,
  512n,
  2n ** 63n,
  2n ** 64n,
  10n ** 400n,
  '',
  ' ',
  'x',
  '512',
  'a\0b',
  '\ud800',
  'x'.repeat(100_000),
  'constructor',
  '__proto__',
  'toString',
  Symbol('x'),
  Symbol.iterator,
  () => {},
  bang,
  async () => {},
  class {},
  function* () {},
  {},
  [],
  [[]],
  [undefined],
  [null, null],
  Object.create(null),
  Object.freeze({}),
  Object.freeze([]),
  new Proxy({}, everyTrap),
  new Proxy([], everyTrap),
  new Proxy(() => {}, everyTrap),
  new Proxy({}, {}),
  new Proxy([], {}),
  revoked({}),
  revoked([]),
  revoked(() => {}),
  Object.defineProperty({}, 'then', { get: bang, enumerable: true }),
  Object.defineProperty({}, 'copyLength', { get: bang, enumerable: true }),
  Object.defineProperty({}, 'length', { get: bang }),
  Object.defineProperty([1], 0, { get: bang }),
  { toString: bang, valueOf: bang, toJSON: bang },
  { [Symbol.toPrimitive]: bang, [Symbol.iterator]: bang, [Symbol.toStringTag]: 'Uint8Array' },
  { length: 2 ** 53 },
  { length: -1 },
  { fd: -1 },
  { fd: 1e9 },
  { fd: 0.5 },
  { fd: {} },
  { fd: 2 ** 31 - 1 },
  new Date(Number.NaN),
  /x/g,
  new Map(),
  new Set([1]),
  new WeakMap(),
  new Error('x'),
  Promise.resolve(),
  rejected,
  Object(1n),
  Object(Symbol('x')),
  Object('x'),
  Object(512),
  Buffer.alloc(512),
  new Uint8Array(511),
  detached,
  new Uint8Array(new SharedArrayBuffer(512)),
  new ArrayBuffer(512),
  new SharedArrayBuffer(512),
  new DataView(new ArrayBuffer(512)),
  new BigUint64Array(64),
  new Float64Array(64),
  new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, 512),
  AbortSignal.abort(),
  new AbortController(),
  Object.create(AbortSignal.prototype),
  new EventTarget(),
  OffloadToken.zeroData(),
  Object.create(OffloadToken.prototype),
  closed,
  foreign,
  Object.create(OffloadFile.prototype),
  cyclic,
  Array(70_000),
  Object.assign(Array(2), { 1: 1 }),
  Array.from({ length: 70_000 }, () => 0),
  createEmulator(),
  odx,
  emulator,
];

// These values throw or reject by themselves when they are called, so their errors are expected.
const UNFIT = new Set(
  VALUES.filter((value) => typeof value === 'function' || value === rejected || isRevoked(value)),
);

function isRevoked(value) {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}

const bad = [];
let calls = 0;

async function attempt(what, at, run) {
  calls++;
  let outcome;
  try {
    const pending = run();
    if (typeof pending?.then !== 'function') return pending;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('it hangs')), 10_000);
    });
    outcome = await Promise.race([pending, late]).finally(() => clearTimeout(timer));
  } catch (error) {
    const isExpected = error instanceof OdxError || error?.[OURS] === true;
    if (!isExpected) bad.push(`${what}, value ${at}: ${error?.stack ?? String(error)}`);
    else if (error instanceof OdxError && typeof error.message !== 'string')
      bad.push(`${what}, value ${at}: no message`);
  }
  return outcome;
}

const closing = async (opened) => {
  const file = await opened;
  await file.close();
};

const token = OffloadToken.zeroData();
const range = { startingOffset: 0, lengthInBytes: 512 };
const read = { copyLength: 512 };
const write = { token, copyLength: 512 };
const dsmRead = { ranges: [range] };
const dsmWrite = { ranges: [range], token };
const file = odx.openFileSync('target', 'r+');

// Function, a legal request, its keys.
const REQUESTS = [
  [
    'offloadRead',
    read,
    ['copyLength', 'fileOffset', 'tokenTimeToLive', 'sectorSize', 'endOfFile', 'signal', 'x'],
  ],
  [
    'offloadReadSync',
    read,
    ['copyLength', 'fileOffset', 'tokenTimeToLive', 'sectorSize', 'endOfFile', 'signal'],
  ],
  [
    'offloadWrite',
    write,
    ['token', 'copyLength', 'fileOffset', 'transferOffset', 'sectorSize', 'endOfFile', 'signal', 'x'],
  ],
  [
    'offloadWriteSync',
    write,
    ['token', 'copyLength', 'fileOffset', 'transferOffset', 'sectorSize', 'endOfFile'],
  ],
  ['dsmOffloadRead', dsmRead, ['ranges', 'timeToLive', 'sectorSize', 'signal', 'x']],
  ['dsmOffloadReadSync', dsmRead, ['ranges', 'timeToLive', 'sectorSize']],
  ['dsmOffloadWrite', dsmWrite, ['ranges', 'token', 'tokenOffset', 'sectorSize', 'signal', 'x']],
  ['dsmOffloadWriteSync', dsmWrite, ['ranges', 'token', 'tokenOffset', 'sectorSize']],
  [
    'zeroRange',
    { fileOffset: 0, length: 512 },
    ['fileOffset', 'length', 'sectorSize', 'endOfFile', 'signal', 'x'],
  ],
];
const COPY = ['mode', 'overwrite', 'verify', 'minimumSize', 'chunkSize', 'onProgress', 'signal', 'x'];
const EMULATOR = [
  'sectorSize',
  'maximumTransferSize',
  'maximumWriteSize',
  'tokenLifetime',
  'latency',
  'supported',
  'dsm',
  'intercept',
  'x',
];

for (const [at, value] of VALUES.entries()) {
  for (const [name, request, keys] of REQUESTS) {
    await attempt(`${name}(value)`, at, () => odx[name](value, request));
    await attempt(`${name}(file, value)`, at, () => odx[name](file, value));
    await attempt(`${name}(value, value)`, at, () => odx[name](value, value));
    await attempt(`default ${name}(value, value)`, at, () => odxModule[name](value, value));
    for (const key of keys) {
      await attempt(`${name}(file, { ${key} })`, at, () => odx[name](file, { ...request, [key]: value }));
    }
    if (!('ranges' in request)) continue;
    await attempt(`${name} range`, at, () => odx[name](file, { ...request, ranges: [value] }));
    for (const key of ['startingOffset', 'lengthInBytes', 'x']) {
      const ranges = [range, { ...range, [key]: value }];
      await attempt(`${name} range.${key}`, at, () => odx[name](file, { ...request, ranges }));
    }
  }
  await attempt('queryCopyOffload', at, () => odx.queryCopyOffload(value));
  await attempt('default queryCopyOffload', at, () => odxModule.queryCopyOffload(value));
  await attempt('probe', at, () => odx.probe(value));
  await attempt('default probe', at, () => odxModule.probe(value));
  await attempt('openFile(value)', at, () => closing(odx.openFile(value, 'r')));
  await attempt('openFileSync(value)', at, () => odx.openFileSync(value, 'r')[Symbol.dispose]());
  await attempt('default openFile(value)', at, () => closing(odxModule.openFile(value, value, value)));
  await attempt('default openFileSync(value)', at, () => odxModule.openFileSync(value, value, value));
  for (const open of [odx.openFile, odx.openFileSync]) {
    await attempt(`${open.name}(path, value)`, at, () => closing(open('source', value)));
    await attempt(`${open.name}(path, w, value)`, at, () => closing(open('made', 'w', value)));
    await attempt(`${open.name}(path, w, { size })`, at, () => closing(open('made', 'w', { size: value })));
  }
  await attempt('setSize', at, async () => {
    const sized = await odx.openFile('sized', 'w');
    await sized.setSize(value).finally(() => sized.close());
  });
  await attempt('copyFile(value)', at, () => odx.copyFile(value, 'copy'));
  await attempt('copyFile(path, value)', at, () => odx.copyFile('source', value));
  await attempt('copyFile(path, path, value)', at, () => odx.copyFile('source', 'copy', value));
  await attempt('default copyFile', at, () => odxModule.copyFile(value, value, value));
  for (const key of COPY) {
    if (key === 'onProgress' && UNFIT.has(value)) continue;
    await attempt(`copyFile ${key}`, at, () => odx.copyFile('source', 'copy', { [key]: value }));
  }
  await attempt('copyFiles(value)', at, () => odx.copyFiles(value));
  await attempt('copyFiles([value])', at, () => odx.copyFiles([value]));
  await attempt('copyFiles([[value]])', at, () => odx.copyFiles([[value, 'copy']]));
  await attempt('copyFiles([[, value]])', at, () => odx.copyFiles([['source', value]]));
  await attempt('copyFiles(pairs, value)', at, () => odx.copyFiles([['source', 'copy']], value));
  await attempt('default copyFiles', at, () => odxModule.copyFiles(value, value));
  for (const key of [...COPY, 'concurrency', 'stopOnError']) {
    if (key === 'onProgress' && UNFIT.has(value)) continue;
    await attempt(`copyFiles ${key}`, at, () => odx.copyFiles([['source', 'copy']], { [key]: value }));
  }
  await attempt('createEmulator(value)', at, () => void createEmulator(value));
  for (const key of EMULATOR)
    await attempt(`createEmulator ${key}`, at, () => void createEmulator({ [key]: value }));
  for (const intercept of [
    () => value,
    async () => value,
    () => ({ status: value }),
    () => ({ truncate: value }),
    () => ({ x: value }),
  ]) {
    if (UNFIT.has(value)) continue;
    const fooled = createOdx({ kernel: createEmulator({ intercept }) });
    await attempt(`${intercept}`, at, async () => {
      const opened = await fooled.openFile('source', 'r');
      await fooled.offloadRead(opened, read).finally(() => opened.close());
    });
  }
  await attempt('createOdx(value)', at, () => void createOdx(value));
  await attempt('createOdx({ kernel })', at, () => void createOdx({ kernel: value }));
  await attempt('loadKernel32(value)', at, () => void loadKernel32(value));
  for (const key of ['kernel32', 'ntdll', 'x']) {
    await attempt(`loadKernel32 ${key}`, at, () => void loadKernel32({ [key]: value }));
  }
  await attempt('explainStatus', at, () => explainStatus(value));
  await attempt('layoutOf', at, () => layoutOf(value));
  await attempt('OffloadToken.from', at, () => OffloadToken.from(value));
  await attempt('equals', at, () => token.equals(value));
  await attempt('new OffloadToken', at, () => new OffloadToken(value, value));
  await attempt('new OffloadFile', at, () => new OffloadFile(value, value));
}

await file.close();
await foreign.close();
console.log(JSON.stringify({ values: VALUES.length, calls, bad }));
