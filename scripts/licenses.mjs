// Lists the licenses of everything that `npm install win-odx` installs, on any platform, and fails on an unknown one.
//
//   npm run licenses
import { readFileSync } from 'node:fs';

// Permissive licenses, which ask for no more than their text.
const KNOWN = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const installed = new Set();
visit('');
installed.delete('');

const rows = [...installed].sort().map((path) => {
  const { version, license = 'none' } = packages[path];
  return { name: path.replace(/^.*node_modules\//, ''), version, license };
});
const width = Math.max(...rows.map(({ name }) => name.length));
for (const { name, version, license } of rows)
  console.log(`${name.padEnd(width)}  ${version.padEnd(8)}  ${license}`);

const unknown = rows.filter(({ license }) => !KNOWN.includes(license));
for (const { name, license } of unknown)
  console.error(`${name} has the license "${license}", which nobody has checked.`);
if (unknown.length > 0) process.exitCode = 1;

/** Follows the dependencies of an entry of the lock file as Node.js resolves them. */
function visit(path) {
  if (installed.has(path)) return;
  installed.add(path);
  const { dependencies, optionalDependencies } = packages[path];
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) visit(resolve(path, name));
}

function resolve(from, name) {
  for (let path = from; ; path = path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0))) {
    const candidate = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (path === '')
      throw new Error(`${name}, needed by ${from}, is not in package-lock.json; run npm install.`);
  }
}
