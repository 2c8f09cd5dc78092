// Changes the globals, then imports the package and uses all of it. Runs in its own process, because the change stays.
// Arguments: what to change, a scratch folder. Prints what it has done.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

const [change, folder] = process.argv.slice(2);

// Everything that a program can reach by name, except what Node.js itself assigns to.
function freezeGlobals() {
  const typedArray = Object.getPrototypeOf(Uint8Array);
  const hidden = [typedArray, typedArray.prototype, Object.getPrototypeOf(function* () {})];
  const named = Object.getOwnPropertyNames(globalThis)
    .filter((name) => !['globalThis', 'global', 'process', 'console'].includes(name))
    .map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)?.value])
    .filter(([, value]) => typeof value === 'function' || (typeof value === 'object' && value !== null));
  for (const value of hidden) Object.freeze(value);
  for (const [name, value] of named) {
    Object.freeze(value);
    // An error whose prototype is frozen cannot be given a name by assignment, which Zod does.
    if (value.prototype && !name.endsWith('Error')) Object.freeze(value.prototype);
  }
}

const [what, ...keys] = change.split(':');
if (what === 'freeze') freezeGlobals();
for (const key of keys) {
  Object.defineProperty(Object.prototype, key, {
    value: what === 'function' ? () => 'polluted' : 'polluted',
    enumerable: what === 'enumerable',
    configurable: true,
    writable: true,
  });
}

const { createOdx, explainStatus, OffloadToken } = await import('win-odx');
const { createEmulator } = await import('win-odx/emulator');

mkdirSync(folder, { recursive: true });
const source = `${folder}/source`;
const destination = `${folder}/destination`;
writeFileSync(source, Buffer.alloc(400_000, 7));
const emulator = createEmulator();
const odx = createOdx({ kernel: emulator });
const file = await odx.openFile(source, 'r+');
const { token } = await odx.offloadRead(file, { copyLength: 4096 });
await odx.offloadWrite(file, {
  token: OffloadToken.from(token.toBase64()),
  copyLength: 4096,
  fileOffset: 8192,
});
const range = { startingOffset: 0, lengthInBytes: 512 };
await odx.dsmOffloadRead(file, { ranges: [range] });
await odx.zeroRange(file, { fileOffset: 0, length: 512 });
const inputs = emulator.calls.map(({ code, input }) => [
  code,
  Buffer.from(input.subarray(0, 32)).toString('hex'),
]);

const refusals = [];
for (const request of [{}, { copyLength: 1 }, { copyLength: 512, x: 1 }, null]) {
  try {
    await odx.offloadRead(file, request);
    refusals.push('accepted');
  } catch (error) {
    inspect(error);
    JSON.stringify(error);
    refusals.push(error.code);
  }
}
await file.close();
const report = await odx.copyFile(source, destination, { verify: true });
const { verdict } = await odx.tryOffload(folder, { size: 65_536 });
const { name } = explainStatus(315);
const isSame = readFileSync(source).equals(readFileSync(destination));
process.stdout.write(
  JSON.stringify({ inputs, refusals, isSame, offloaded: Number(report.offloadedBytes), verdict, name }),
);
