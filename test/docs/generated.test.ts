import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { cliPage } from './cli-page.ts';
import { errorsPage } from './errors-page.ts';
import { structuresPage } from './structures-page.ts';

/** src/version.ts, which repeats two facts of package.json. */
function versionModule(): string {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const { version, homepage } = JSON.parse(text) as { version: string; homepage?: string };
  const docs = homepage === undefined ? 'docs/' : `${homepage.replace(/#.*$/, '')}/blob/main/docs/`;
  return `// Written by npm run docs:update from package.json. Constants, because a bundled program has no package.json to read.

/** The version of this package. */
export const VERSION = '${version}';

/** Where the guides are. */
export const DOCS = '${docs}';
`;
}

// `npm run docs:update` writes the files anew.
describe('The file that npm run docs:update writes is up to date', () => {
  test.each([
    ['docs/errors.md', errorsPage],
    ['docs/structures.md', structuresPage],
    ['docs/cli.md', cliPage],
    ['src/version.ts', versionModule],
  ])('%s', async (path, write) => {
    await expect(write()).toMatchFileSnapshot(join(ROOT, path));
  });
});
