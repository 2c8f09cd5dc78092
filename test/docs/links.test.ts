import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { helpFor } from '../../src/help.ts';
import { statuses, win32Statuses } from '../../structs/index.ts';
import { ROOT } from '../built.ts';
import { anchors, pages, prose, readPage } from './markdown.ts';

interface Link {
  readonly page: string;
  readonly target: string;
}

const all = pages();
// Links, pictures, and the sources of a <picture>.
const LINK = /\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g;
const links: Link[] = all.flatMap(({ path, text }) =>
  [...prose(text).matchAll(LINK)].map(([, inText, inTag]) => ({ page: path, target: inText ?? inTag ?? '' })),
);
const relative = links.filter(({ target }) => !/^https?:/.test(target));

function targetOf({ page, target }: Link): { path: string; anchor: string | undefined } {
  const [path = '', anchor] = target.split('#');
  return { path: path === '' ? page : posix.normalize(posix.join(dirname(page), path)), anchor };
}

test('Every relative link leads to a file of the repository', () => {
  expect(relative.length).toBeGreaterThan(50);
  expect(relative.filter((link) => !existsSync(join(ROOT, targetOf(link).path)))).toEqual([]);
});

test('Every anchor in a link is a heading of its page', () => {
  const broken = relative.filter((link) => {
    const { path, anchor } = targetOf(link);
    return anchor !== undefined && path.endsWith('.md') && !anchors(readPage(path)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('Every guide can be reached from the README', () => {
  const linked = new Set(links.filter(({ page }) => page === 'README.md').map((link) => targetOf(link).path));
  expect(all.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.has(path))).toEqual([]);
});

test('Links to pages of Microsoft have no locale in their address', () => {
  expect(links.filter(({ target }) => /microsoft\.com\/[a-z]{2}-[a-z]{2}\//i.test(target))).toEqual([]);
});

// It rewrites relative addresses of images and links by the repository in package.json, but not those of a <source>.
test('The README has no picture that the page of npm would not show', () => {
  expect(readPage('README.md').text).not.toContain('<source');
});

test('Every picture has a text alternative', () => {
  for (const { path, text } of all) {
    const pictures = [...text.matchAll(/<img [^>]*>|!\[(.*?)\]\(/g)];
    const mute = pictures.filter(([tag, alternative]) => !(alternative || /alt="[^"]+"/.test(tag)));
    expect(mute, path).toEqual([]);
  }
});

test('The help of every error leads to a heading of docs/errors.md', () => {
  const codes = [
    ...win32Statuses.map(({ name }) => name),
    ...statuses.map(({ win32 }) => win32.name),
    'ERROR_54321',
    'ERR_ODX_INVALID_ARGUMENT',
    'ERR_ODX_PROTOCOL',
    'ERR_ODX_SOURCE_CHANGED',
    'ERR_ODX_UNSUPPORTED_PLATFORM',
    'ERR_ODX_NATIVE_MODULE',
    'ABORT_ERR',
  ];
  const headings = anchors(readPage('docs/errors.md'));
  const helps = codes.map((code) => helpFor(code).split('errors.md#')[1] ?? '');
  expect(helps.filter((anchor) => !headings.includes(anchor))).toEqual([]);
});

test('The README has 150 to 200 lines', () => {
  const lines = readPage('README.md').text.split('\n').length - 1;
  expect(lines).toBeGreaterThanOrEqual(150);
  expect(lines).toBeLessThanOrEqual(200);
});
