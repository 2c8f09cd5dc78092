import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Browser, hasBrowser, launchBrowser, type Page, type Size, serve } from './browser.ts';
import { ROOT } from './built.ts';

const SITE = join(ROOT, 'docs', 'site');
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };

// Windows Node under Wine has neither npm nor a browser.
describe.skipIf(process.platform === 'win32')('The API site', () => {
  let pages: ReadonlyMap<string, string>;

  beforeAll(() => {
    // A warning of TypeDoc is an error: a broken link, a type that is not exported, a member without a comment.
    execFileSync('npm', ['run', 'docs', '--silent'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
    pages = new Map(
      readdirSync(SITE, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.html'))
        .map((path) => [path.split(sep).join('/'), readFileSync(join(SITE, path), 'utf8')]),
    );
  }, 600_000);

  it('has a page for every function, and for the README and every guide', () => {
    const names = [...pages.keys()];
    expect(names).toContain('functions/win-odx.offloadWrite.html');
    expect(names).toContain('functions/win-odx_structs.layoutOf.html');
    const guides = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
    expect(names.filter((name) => name.startsWith('documents/')).length).toBeGreaterThanOrEqual(
      guides.length,
    );
    expect(pages.get('index.html')?.includes('id="install"')).toBe(true);
  });

  it('has no dead link and no dead anchor', () => {
    const dead = [...pages].flatMap(([page, html]) =>
      linksOf(html)
        .map((link) => new URL(link, `http://site/${page}`))
        .filter((url) => url.host === 'site' && !isAlive(url))
        .map((url) => `${page}: ${url.pathname}${url.hash}`),
    );
    expect(dead).toEqual([]);
    expect(linksOf(pages.get('index.html') ?? '').length).toBeGreaterThan(30);
  });

  function isAlive({ pathname, hash }: URL): boolean {
    const name = decodeURIComponent(pathname.slice(1)) || 'index.html';
    const html = pages.get(name);
    // Markdown that is no document of the site is copied as it is.
    if (html === undefined) return existsSync(join(SITE, name)) && !name.endsWith('.md');
    return hash === '' || html.includes(` id="${decodeURIComponent(hash.slice(1))}"`);
  }

  it('links every type in a signature, except those of JavaScript', () => {
    const unlinked = [...pages.values()].flatMap((html) =>
      [...html.matchAll(/<span class="tsd-signature-type">([A-Z]\w*[a-z])<\/span>/g)].map(([, name]) => name),
    );

    expect(unlinked.length).toBeGreaterThan(100);
    expect(unlinked.filter((name = '') => !BUILT_IN.includes(name))).toEqual([]);
  });

  it('links every error that a function throws', () => {
    const thrown = /<div class="tsd-tag-throws">(?:(?!<p>)[\s\S])*<p>(.{0,60})/g;
    const first = [...pages.values()].flatMap((html) => [...html.matchAll(thrown)].map(([, text]) => text));
    expect(first.length).toBeGreaterThan(50);
    expect(first.filter((text) => !text?.startsWith('<a href="'))).toEqual([]);
  });

  describe.skipIf(!hasBrowser)('in Chromium, where it is installed', () => {
    let browser: Browser;
    let server: Awaited<ReturnType<typeof serve>>;

    beforeAll(async () => {
      server = await serve(SITE);
      browser = await launchBrowser();
    }, 60_000);
    afterAll(async () => {
      await browser.close();
      server.close();
    });

    it('opens every page on a phone and on a desktop without an error, a failed request or a horizontal scroll bar', async () => {
      const problems: string[] = [];
      const page = await openPage(PHONE, problems);
      for (const path of pages.keys()) {
        await page.setViewportSize(PHONE);
        await page.goto(server.url + path);
        const onPhone = await page.evaluate('document.documentElement.scrollWidth');
        await page.setViewportSize(DESKTOP);
        const onDesktop = await page.evaluate('document.documentElement.scrollWidth');
        if (onPhone !== PHONE.width || onDesktop !== DESKTOP.width) {
          problems.push(`${path} is ${onPhone} wide on a phone, ${onDesktop} on a desktop`);
        }
      }
      expect(problems).toEqual([]);
    }, 300_000);

    it.each([
      ['phone', PHONE],
      ['desktop', DESKTOP],
    ])(
      'finds a function by a part of its name on a %s',
      async (_, size) => {
        const problems: string[] = [];
        const page = await openPage(size, problems);
        await page.goto(server.url);
        await page.click('#tsd-search-trigger');
        await page.fill('#tsd-search-input', 'offloadwri');
        await page.click('#tsd-search-results li >> nth=0');
        await page.waitForURL('**/functions/win-odx.offloadWrite.html*');
        expect(await page.textContent('h1')).toContain('offloadWrite');
        expect(problems).toEqual([]);
      },
      60_000,
    );

    it('lists guides, modules and project in its navigation, whose links are alive', async () => {
      const page = await openPage(DESKTOP, []);
      await page.goto(`${server.url}modules/win-odx.html`);
      await page.waitForSelector('#tsd-nav-container a.current');
      const links = await page.evaluate(
        `[...document.querySelectorAll('#tsd-nav-container a')].map((a) => a.href)`,
      );
      const addresses = z.array(z.url()).parse(links);
      expect(addresses.length).toBeGreaterThan(80);
      expect(addresses.filter((link) => !isAlive(new URL(link)))).toEqual([]);
      const text = await page.textContent('#tsd-nav-container');
      for (const name of ['Guides', 'Modules', 'Project']) expect(text).toContain(name);
    }, 60_000);

    async function openPage(viewport: Size, problems: string[]): Promise<Page> {
      const page = await browser.newPage({ viewport });
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(`${page.url()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
      page.on('requestfailed', (request) => {
        // Requests in flight end when the next page is opened.
        const reason = request.failure()?.errorText;
        if (reason !== 'net::ERR_ABORTED') problems.push(`${request.url()}: ${reason}`);
      });
      return page;
    }
  });
});

// What a public signature may mention without being part of this package.
const BUILT_IN = [
  'Array',
  'ArrayBuffer',
  'ArrayBufferLike',
  'AsyncDisposable',
  'DataView',
  'Disposable',
  'Error',
  'Extract',
  'Omit',
  'Pick',
  'Promise',
  'Readonly',
  'Record',
  'Uint8Array',
];

function linksOf(html: string): string[] {
  return [...html.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link = '']) =>
    link.replaceAll('&amp;', '&'),
  );
}
