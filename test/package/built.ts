import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../built.ts';

export const root: string = ROOT;
/** test/global-setup.ts has seen to it that it is there. */
export const dist: string = join(ROOT, 'dist');

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
