import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../built.ts';

/** A page of the documentation: its path from the root of the repository, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A fenced block of code. */
export interface CodeBlock {
  /** Page and heading, for the title of a test. */
  readonly title: string;
  /** What stands after the fence: `ts`, `js backup.mjs`. */
  readonly info: string;
  readonly code: string;
}

/** The README and every guide. */
export function pages(): Page[] {
  const guides = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...guides.map((name) => `docs/${name}`)].map(readPage);
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

export function codeBlocks({ path, text }: Page): CodeBlock[] {
  const found: CodeBlock[] = [];
  let heading = '';
  for (const [, title, info, code = ''] of text.matchAll(/^#+ (.*)$|^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (info === undefined) heading = title ?? heading;
    else found.push({ title: `${path}, ${heading}: ${found.length + 1}`, info, code });
  }
  return found;
}

/** The text without its blocks of code. */
export function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** The anchors that GitHub and npm give to the headings of a page. */
export function anchors({ text }: Page): string[] {
  return [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The rows of the tables below a heading, which may contain code. */
export function rowsBelow(path: string, heading: string): string[][] {
  const sections = readPage(path).text.split(/^## /m);
  const section = sections.find((each) => each.split('\n', 1).join().replaceAll('`', '') === heading) ?? '';
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '));
}

/** A table. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(row.map(inCell)))].join(
    '\n',
  );
}

// A bar would end the cell, and a word in angle brackets would be a tag.
function inCell(text: string): string {
  return escapeTags(text).replaceAll('|', '\\|');
}

/** The text with its angle brackets as Markdown shows them, except in code. */
export function escapeTags(text: string): string {
  return text.replaceAll(/`[^`]*`|</g, (found) => (found === '<' ? '&lt;' : found));
}

export const GENERATED = '<!-- Written by npm run docs:update. -->';
