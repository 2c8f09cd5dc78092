import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart } from '../bench/chart.ts';
import type { Section } from '../bench/report.ts';
import { copyStates } from '../docs/pictures/copy-states.ts';
import { tokenTravel } from '../docs/pictures/token-travel.ts';
import { layoutPicture } from '../src/cli/layout-picture.ts';
import { DARK, LIGHT } from '../src/cli/svg.ts';
import { structs } from '../structs/index.ts';
import { type Browser, hasBrowser, launchBrowser } from './browser.ts';
import { ROOT } from './built.ts';

const PICTURES: Record<string, string> = {
  'bench/results.svg': chart(measuredCalls()),
  'docs/pictures/copy-states-light.svg': copyStates(LIGHT),
  'docs/pictures/copy-states-dark.svg': copyStates(DARK),
  'docs/pictures/token-travel.svg': tokenTravel(),
  'docs/pictures/token-travel-light.svg': tokenTravel(LIGHT),
  'docs/pictures/token-travel-dark.svg': tokenTravel(DARK),
};
for (const layout of Object.values(structs)) {
  PICTURES[`docs/pictures/structs/${layout.name}.svg`] = layoutPicture(layout);
}

describe.each(Object.entries(PICTURES))('The picture %s', (name, drawn) => {
  it('is what its source draws; npm run docs:update writes it anew', async () => {
    await expect(drawn).toMatchFileSnapshot(join(ROOT, name));
  });

  it('says in words what it shows', () => {
    expect(drawn).toMatch(/^<svg [^>]*role="img">\n<title>[^<]{10,}<\/title>\n<desc>[^<]{10,}<\/desc>\n/);
  });

  it('contains no script, and loads nothing', () => {
    expect(drawn).not.toMatch(/<script|<image|<use|href|url\(|@import|on\w+=/i);
  });
});

it('No picture in docs/pictures is left from an earlier version', () => {
  const found = readdirSync(join(ROOT, 'docs', 'pictures'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.svg'))
    .map((path) => `docs/pictures/${path.split(sep).join('/')}`);
  expect(found.filter((path) => !Object.hasOwn(PICTURES, path))).toEqual([]);
});

describe.skipIf(!hasBrowser)('In Chromium, where it is installed,', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  it('every picture is shown, with all its text inside it', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    for (const name of Object.keys(PICTURES)) {
      await page.goto(pathToFileURL(join(ROOT, name)).href);
      const outside = await page.evaluate(`[...document.querySelectorAll('text')].filter((text) => {
        const { x, y, width, height } = text.getBBox();
        const page = document.documentElement.viewBox.baseVal;
        return x < 0 || y < 0 || x + width > page.width || y + height > page.height;
      }).map(({ textContent }) => textContent)`);
      expect({ name, outside }).toEqual({ name, outside: [] });
    }
  }, 120_000);
});

function measuredCalls(): Section {
  const { sections } = JSON.parse(readFileSync(join(ROOT, 'bench', 'results.json'), 'utf8')) as {
    readonly sections: readonly [Section];
  };
  return sections[0];
}
