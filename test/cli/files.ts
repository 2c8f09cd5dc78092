import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OffloadToken } from '../../src/index.ts';

/** Creates a folder for one test. `remove` deletes it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'odx-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bytes that differ everywhere and are the same in every run. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) % 4_294_967_296, at);
  return bytes;
}

export function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Creates the files that the examples of the help use. */
export function writeExampleFiles(folder: string): void {
  const path = (...names: string[]): string => join(folder, ...names);
  writeFileSync(path('big.vhdx'), pattern(3_000_001));
  for (const name of ['disk1.img', 'disk2.img']) writeFileSync(path(name), pattern(2_097_152));
  for (const name of ['backup', 'images']) mkdirSync(path(name));
  mkdirSync(path('images', 'old'));
  writeFileSync(path('images', 'one.img'), pattern(300_000));
  writeFileSync(path('images', 'old', 'two.img'), pattern(700));
  writeFileSync(path('zeros.token'), OffloadToken.zeroData().bytes);
  writeFileSync(
    path('first-copy.js'),
    [
      "const source = await openFile('big.vhdx', 'r')",
      'const { token, transferLength } = await offloadRead(source, { copyLength: source.size })',
      "const target = await openFile('copy.vhdx', 'w', { size: source.size })",
      'await offloadWrite(target, { token, copyLength: transferLength })',
    ].join('\n'),
  );
}
