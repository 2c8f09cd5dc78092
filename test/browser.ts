import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

// The part of Playwright that the tests use. Its own declarations need the types of the DOM, which this project does without.
export interface Page {
  goto(url: string): Promise<unknown>;
  url(): string;
  setViewportSize(size: Size): Promise<void>;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  evaluate(expression: string): Promise<unknown>;
  waitForSelector(selector: string): Promise<unknown>;
  waitForURL(pattern: string): Promise<void>;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
  on(event: 'requestfailed', listener: (request: FailedRequest) => void): void;
}
interface FailedRequest {
  url(): string;
  failure(): { readonly errorText: string } | null;
}
export interface Browser {
  newPage(options: { viewport: Size; colorScheme?: 'light' | 'dark' }): Promise<Page>;
  close(): Promise<void>;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}
interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: string[] }): Promise<Browser> };
}

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Whether a browser is installed. Tests that need one are skipped without it. Wine shows that of the host, but cannot start it. */
export const hasBrowser: boolean = CHROMIUM !== undefined && process.platform !== 'win32';

export async function launchBrowser(): Promise<Browser> {
  const { chromium }: Playwright = createRequire(import.meta.url)('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
}

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** Serves a folder on the loopback until `close` is called. */
export async function serve(folder: string): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(({ url = '/' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
