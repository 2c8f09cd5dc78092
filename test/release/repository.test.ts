import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../built.ts';

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
// The copy of the project under Wine has no hidden folders.
const isHere = existsSync(join(ROOT, '.github'));

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: {
      readonly label?: string;
      readonly description?: string;
      readonly options?: string[];
    };
    readonly validations?: { readonly required: boolean };
  }[];
}

describe.skipIf(!isHere)('The issue form [skipped where .github is missing]', () => {
  const forms = isHere
    ? readdirSync(join(ROOT, '.github/ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml')
    : [];
  const read = (name: string): Form => parse(textOf(`.github/ISSUE_TEMPLATE/${name}`)) as Form;

  test('exists for arrays, bugs and features, and there are no issues without one', () => {
    expect(forms.sort()).toEqual(['array-report.yml', 'bug.yml', 'feature.yml']);
    expect(parse(textOf('.github/ISSUE_TEMPLATE/config.yml'))).toEqual({ blank_issues_enabled: false });
  });

  test.each(forms)('%s has what GitHub requires of it', (name) => {
    const { name: title, description, body } = read(name);
    expect([title, description].every((text) => text.length > 0)).toBe(true);
    const inputs = body.filter(({ type }) => type !== 'markdown');
    for (const { type, attributes } of inputs) {
      expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
      expect(attributes.label).toMatch(/\S/);
      if (type === 'dropdown') expect(attributes.options?.length).toBeGreaterThan(1);
    }
    const ids = inputs.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
    expect(inputs.some(({ validations }) => validations?.required === true)).toBe(true);
  });

  test('asks for the JSON of odx try where an array is reported', () => {
    const report = read('array-report.yml').body.find(({ id }) => id === 'report');
    expect(report?.attributes.description).toMatch(/`npx odx try \S+ --json`/);
    expect(report?.validations).toEqual({ required: true });
  });
});

describe('The repository', () => {
  // Where a reader or a tool follows a link. OWNER in package.json is the placeholder of its owner.
  const pages = ['.', 'docs', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md') && name !== 'CONTRIBUTING.md')
      .map((name) => join(folder, name)),
  );

  test('names its owner in package.json alone', () => {
    expect(pages.length).toBeGreaterThan(6);
    expect(pages.filter((page) => /\bOWNER\b/.test(textOf(page)))).toEqual([]);
  });

  test('has one owner in all links of package.json', () => {
    const { homepage, bugs, repository } = JSON.parse(textOf('package.json')) as {
      homepage: string;
      bugs: { url: string };
      repository: { url: string };
    };
    const [, owner = ''] = /github\.com\/([\w-]+)\/win-odx\.git$/.exec(repository.url) ?? [];
    expect(owner).not.toBe('');
    expect([homepage, bugs.url]).toEqual([
      `https://github.com/${owner}/win-odx#readme`,
      `https://github.com/${owner}/win-odx/issues`,
    ]);
  });

  test('keeps its changelog in the form of Keep a Changelog', () => {
    const headings = textOf('CHANGELOG.md').match(/^#{2,} .*$/gm) ?? [];
    expect(headings[0]).toMatch(/^## \[/);
    for (const heading of headings) {
      expect(heading).toMatch(
        /^## \[(Unreleased\]|\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2})$|^### (Added|Changed|Deprecated|Removed|Fixed|Security)$/,
      );
    }
  });

  test.skipIf(!isHere)(
    'builds its dev container with the Node.js of .nvmrc, which CI tests [needs hidden files]',
    () => {
      const { image } = JSON.parse(textOf('.devcontainer/devcontainer.json')) as { image: string };
      const version = textOf('.nvmrc').trim();
      expect(image).toMatch(new RegExp(`:${version}-bookworm$`));
      expect(textOf('.github/workflows/ci.yml')).toMatch(new RegExp(`node: \\[.*\\b${version}\\b.*\\]`));
    },
  );

  test('has a contributing guide that names files and folders that exist', () => {
    const named = [
      ...textOf('CONTRIBUTING.md').matchAll(/`((?:src|structs|test|scripts|examples|docs)\/[\w./-]*)`/g),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
