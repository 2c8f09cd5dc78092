import { randomFillSync } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { formatWithOptions, inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEmulator } from '../src/emulator/index.ts';
import { ProtocolError, Win32Error } from '../src/errors.ts';
import { explainStatus } from '../src/explain-status.ts';
import { createOdx } from '../src/odx.ts';
import { layoutOf } from '../src/structs.ts';
import { OffloadToken } from '../src/token.ts';
import { pattern } from './cli/files.ts';
import { folderFor } from './cli/odx-process.ts';
import { failureOf, workspace } from './kit.ts';
import { leakIn } from './leaks.ts';

/** A token that no array knows. Its bytes are random, so that they cannot turn up by chance. */
function secretToken(): Uint8Array<ArrayBuffer> {
  const bytes = randomFillSync(new Uint8Array(512));
  bytes.set([0, 0x80, 0, 0, 0, 0, 1, 0xf8]);
  return bytes;
}

// How Node.js and programs show bytes.
const bytewise = (show: (byte: number) => string, separator: string) => (bytes: Buffer) =>
  [...bytes].map(show).join(separator);
const FORMS: [name: string, show: (bytes: Buffer) => string][] = [
  ['raw bytes', (bytes) => bytes.toString('latin1')],
  ['hexadecimal', (bytes) => bytes.toString('hex')],
  ['hexadecimal in capitals after a digit', (bytes) => `7${bytes.toString('hex').toUpperCase()}`],
  ['hexadecimal with colons', bytewise((byte) => byte.toString(16).padStart(2, '0'), ':')],
  ['a list of 0x numbers', bytewise((byte) => `0x${byte.toString(16).padStart(2, '0')}`, ', ')],
  ['a list of numbers', bytewise(String, ', ')],
  ['numbers in lines', bytewise((byte) => `${byte}`.padStart(3), ',\n')],
  ['words', bytewise(String, ' ')],
  ['inspect of a Buffer', (bytes) => inspect(bytes)],
  ['inspect of a Uint8Array in an object', (bytes) => inspect({ deep: [new Uint8Array(bytes)] })],
  ['inspect of an array', (bytes) => inspect([...bytes])],
  ['JSON of a Buffer', (bytes) => JSON.stringify(bytes)],
  ['JSON of a Uint8Array', (bytes) => JSON.stringify(new Uint8Array(bytes))],
  ['indented JSON', (bytes) => JSON.stringify({ bytes: new Uint8Array(bytes) }, null, 4)],
  ['base64', (bytes) => bytes.toString('base64')],
  ['base64 after one letter', (bytes) => `x${bytes.toString('base64')}`],
  ['base64 after two letters', (bytes) => `xx${bytes.toString('base64')}`],
  ['base64 after three letters', (bytes) => `xxx${bytes.toString('base64')}`],
  ['base64url', (bytes) => bytes.toString('base64url')],
];

describe('The search for token bytes', () => {
  test.each(FORMS)('finds eight bytes of a token shown as %s', (_, show) => {
    const secret = secretToken();
    for (const at of [8, 101, 504]) {
      const bytes = Buffer.from(secret.subarray(at, at + 8));
      expect(leakIn(`before: ${show(bytes)} after`, secret)).toBe(bytes.toString('hex'));
    }
  });

  test('finds a whole token that another object shows', () => {
    const secret = secretToken();
    for (const [, show] of FORMS) expect(leakIn(show(Buffer.from(secret)), secret)).toBeDefined();
    expect(leakIn(printed({ error: new Error('x', { cause: { secret } }) }), secret)).toBeDefined();
  });

  test('finds nothing in other tokens', () => {
    const others = FORMS.map(([, show]) => show(Buffer.from(secretToken())));
    expect(leakIn(others.join('\n'), secretToken())).toBeUndefined();
  });
});

/** What a program might print of a value, and of the causes and properties within it. */
function printed(value: unknown): string {
  const all = { depth: 8, maxArrayLength: null, maxStringLength: null };
  const shown = [
    inspect(value),
    inspect(value, { ...all, showHidden: true }),
    inspect(value, { ...all, customInspect: false }),
    formatWithOptions({ depth: 8 }, '%s %o', value, value),
    JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each)) ?? '',
  ];
  for (let error = value; error instanceof Error; error = error.cause) {
    shown.push(String(error), error.message, error.stack ?? '', JSON.stringify(error));
  }
  return shown.join('\n');
}

function expectNoLeak(text: string, ...tokens: readonly Uint8Array[]): void {
  expect(leakIn(text, ...tokens)).toBeUndefined();
}

describe('No message, inspection or JSON shows a token', () => {
  const secret = secretToken();
  const text = Buffer.from(secret).toString('base64');
  const shared = new Uint8Array(new SharedArrayBuffer(512));
  shared.set(secret);
  const token = OffloadToken.from(secret);
  const range = { startingOffset: 0, lengthInBytes: 512 };

  // Each value of a request in turn, right and wrong.
  const HOLDERS: [what: string, value: unknown][] = [
    ['an OffloadToken', token],
    ['its bytes', secret],
    ['a Buffer of it', Buffer.from(secret)],
    ['one byte less', secret.subarray(1)],
    ['one byte more', Buffer.concat([secret, secret.subarray(0, 1)])],
    ['base64', text],
    ['base64url', Buffer.from(secret).toString('base64url')],
    ['hexadecimal', Buffer.from(secret).toString('hex')],
    ['damaged base64', `${text.slice(0, -3)}!`],
    ['a list of numbers', [...secret]],
    ['shared memory', shared],
    ['a DataView', new DataView(secret.buffer)],
    ['an ArrayBuffer', secret.buffer],
    ['an object that holds it', { token: secret }],
    ['a promise of it', Promise.resolve(secret)],
  ];

  test.each(HOLDERS)('that a call is given as %s', async (_, value) => {
    const { odx, file } = workspace();
    const opened = odx.openFileSync(file('file', 4096), 'r+');
    const write = { token, copyLength: 512 };
    const given = value as never;
    const calls: (() => unknown)[] = [
      ...[
        'token',
        'copyLength',
        'fileOffset',
        'transferOffset',
        'sectorSize',
        'endOfFile',
        'signal',
        'x',
      ].map((key) => () => odx.offloadWrite(opened, { ...write, [key]: given })),
      ...['ranges', 'token', 'tokenOffset', 'sectorSize', 'x'].map(
        (key) => () => odx.dsmOffloadWrite(opened, { ranges: [range], token, [key]: given }),
      ),
      () => odx.offloadWrite(opened, given),
      () => odx.offloadWrite(given, write),
      () => odx.dsmOffloadWrite(opened, { ranges: [given], token }),
      () => odx.offloadRead(opened, { copyLength: 512, tokenTimeToLive: given }),
      () => odx.zeroRange(opened, { fileOffset: 0, length: given }),
      () => odx.copyFile('missing', 'copy', given),
      () => odx.copyFile('missing', 'copy', { mode: given, onProgress: given, verify: given }),
      () => odx.copyFiles(given),
      () => odx.copyFiles([given]),
      () => odx.openFile('missing', given),
      () => createEmulator({ sectorSize: given, intercept: given, dsm: given }),
      () => createOdx(given),
      () => explainStatus(given),
      () => layoutOf(given),
      () => OffloadToken.from(given),
      () => token.equals(given),
      () => new (OffloadToken as never as new (value: unknown) => unknown)(value),
    ];
    const shown: string[] = [];
    for (const run of calls) {
      const outcome = await Promise.resolve()
        .then(run)
        .catch((error: unknown) => error);
      if (outcome instanceof Error) shown.push(printed(outcome));
    }
    opened[Symbol.dispose]();
    expect(shown.length).toBeGreaterThan(10);
    expectNoLeak(shown.join('\n'), secret);
  });
});

describe('No event, report or error of a call that holds a token shows it', () => {
  test('whether the call succeeds, is refused, or gets an impossible reply', async () => {
    const { odx, file, path, emulator } = workspace({ maximumTransferSize: 65_536 });
    const events: string[] = [];
    const note = (event: unknown): void => void events.push(printed(event));
    const subscriber = { start: note, end: note, asyncStart: note, asyncEnd: note, error: note };
    tracingChannel('win-odx:control').subscribe(subscriber);
    onTestFinished(() => tracingChannel('win-odx:control').unsubscribe(subscriber));

    const opened = await odx.openFile(file('source', 300_000), 'r+');
    const token = async (): Promise<OffloadToken> =>
      (await odx.offloadRead(opened, { copyLength: 4096 })).token;
    const first = await token();
    const ranges = [{ startingOffset: 0, lengthInBytes: 4096 }];
    const results: unknown[] = [
      first,
      await odx.offloadRead(opened, { copyLength: 4096 }),
      await odx.dsmOffloadRead(opened, { ranges }),
      await odx.offloadWrite(opened, { token: first, fileOffset: 8192, copyLength: 4096 }),
      await odx.dsmOffloadWrite(opened, { ranges, token: await token() }),
      await odx.copyFile(path('source'), path('copy')),
      await odx.tryOffload(path('.'), { size: 65_536 }),
      new Map([[first, { token: first }]]),
      new Error('x', { cause: { token: first } }),
      structuredClone({ token: first }),
    ];

    const old = await token();
    await odx.zeroRange(opened, { fileOffset: 0, length: 512 });
    // A kernel that shortens every reply, and one that claims more than was asked.
    const returning = (returned: number) =>
      createOdx({
        kernel: { ...emulator, control: async (...call) => (await emulator.control(...call)) && returned },
      });
    const borrowed = opened.handle;
    for (const run of [
      () => odx.offloadWrite(opened, { token: old, copyLength: 4096 }),
      () => odx.dsmOffloadWrite(opened, { ranges, token: old }),
      () => odx.offloadWrite(opened, { token: first, transferOffset: 1 << 20, copyLength: 4096 }),
      () => returning(100).offloadRead(borrowed, { copyLength: 4096 }),
      () => returning(100).dsmOffloadRead(borrowed, { ranges }),
      () => returning(5000).offloadRead(borrowed, { copyLength: 4096 }),
      () => returning(1).offloadWrite(borrowed, { token: OffloadToken.from(secretToken()), copyLength: 0 }),
    ]) {
      const error = await failureOf(run);
      expect(error instanceof Win32Error || error instanceof ProtocolError).toBe(true);
      results.push(error);
    }
    await opened.close();

    // Every token that was on the wire, in either direction.
    const sent = emulator.calls
      .filter(({ code }) => code === 0x9_8268)
      .map(({ input }) => input.subarray(32));
    expect(sent.length).toBeGreaterThan(10);
    expect(events.length).toBeGreaterThan(50);
    const text = [...results.map(printed), ...events].join('\n');
    expectNoLeak(
      text,
      first.bytes,
      old.bytes,
      ...sent.filter((bytes) => !OffloadToken.from(bytes).isZeroData),
    );
  });
});

// Under Wine every process takes seconds to start, and what the command prints is the same.
const underWine = process.env['WIN_ODX_KERNEL'] === 'driver';

describe.skipIf(underWine)('No output of the command shows a token', () => {
  const inFolder = folderFor((path) => {
    writeFileSync(path('big.vhdx'), pattern(300_000));
    writeFileSync(path('copy.vhdx'), pattern(300_000));
  });

  test(
    'that it saves, is given in a file or on a pipe, or uses',
    { timeout: 120_000 },
    inFolder(async ({ path, odx, run }) => {
      const read = await run('read', 'big.vhdx', '--out', 'saved.token');
      expect(read.code).toBe(0);
      const saved = readFileSync(path('saved.token'));
      if (process.platform !== 'win32') expect(statSync(path('saved.token')).mode & 0o777).toBe(0o600);
      const secret = secretToken();
      const text = Buffer.from(secret).toString('base64');
      writeFileSync(path('secret.token'), secret);
      writeFileSync(path('secret.base64'), text);
      writeFileSync(path('short.token'), secret.subarray(1));
      writeFileSync(path('damaged.base64'), text.slice(3));

      const outputs = await Promise.all([
        run('read', 'big.vhdx', '--out', 'saved.token', '--force', '--json'),
        run('read', 'big.vhdx', '--out', 'saved.token'),
        ...['saved.token', 'secret.token', 'secret.base64', 'short.token', 'damaged.base64'].flatMap(
          (token) => [
            run('write', token, 'copy.vhdx'),
            run('write', token, 'copy.vhdx', '--json', '--debug'),
            odx(['write', '--emulate', token, 'copy.vhdx'], { env: { NODE_DEBUG: 'win-odx' } }),
          ],
        ),
        run('explain', text),
        run('layout', text),
        odx(['repl', '--emulate', '--debug'], {
          input: [
            "const file = await openFile('big.vhdx', 'r+')",
            'const got = await offloadRead(file, { copyLength: 4096 })',
            'got',
            'got.token',
            '[got.token, new Map([[got.token, 1]])]',
            'JSON.stringify(got.token)',
            'String(got.token)',
            `OffloadToken.from('${text}')`,
            `await offloadWrite(file, { token: OffloadToken.from('${text}'), copyLength: 512 })`,
            `await offloadWrite(file, { token: '${text}', copyLength: 512 })`,
            `await offloadWrite(file, { token: got.token, copyLength: '${text}' })`,
            `await offloadRead('${text}', { copyLength: 512 })`,
            `await dsmOffloadWrite(file, { ranges: '${text}', token: got.token })`,
            `explainStatus('${text}')`,
          ].join('\n'),
        }),
      ]);
      const shown = outputs.map(({ stdout, stderr }) => `${stdout}\n${stderr}`);
      for (const each of shown) expect(each.length).toBeGreaterThan(20);
      // Raw bytes are no text: Node.js would replace them.
      expect(shown.join('\n')).not.toContain('\ufffd');
      expectNoLeak([read.stdout, read.stderr, ...shown].join('\n'), saved, secret);
    }),
  );
});

describe('A token of the emulator cannot be guessed', () => {
  test('10,000 tokens for the same range have no eight bytes in common', () => {
    const { odx, file } = workspace();
    using opened = odx.openFileSync(file('file', 4096), 'r');
    const parts = new Set<string>();
    const ones = new Uint32Array(8 * 504);
    for (let made = 0; made < 10_000; made++) {
      const id = odx.offloadReadSync(opened, { copyLength: 4096 }).token.bytes.subarray(8);
      for (let at = 0; at < 504; at += 8) parts.add(Buffer.from(id.subarray(at, at + 8)).toString('latin1'));
      // Every tenth token, because counting bits takes longer than making them.
      for (let bit = 0; made % 10 === 0 && bit < ones.length; bit++) {
        if (((id[bit >> 3] ?? 0) >> (bit & 7)) & 1) ones[bit] = (ones[bit] ?? 0) + 1;
      }
    }
    expect(parts.size).toBe(10_000 * 63);
    // Each bit is set in half of them: seven standard deviations are 111.
    expect([...ones].filter((count) => Math.abs(count - 500) > 111)).toEqual([]);
  });

  test('a token with one bit changed is refused, whichever byte the bit is in', () => {
    const { odx, file } = workspace();
    using opened = odx.openFileSync(file('file', 4096), 'r+');
    const token = odx.offloadReadSync(opened, { copyLength: 512 }).token.bytes;
    const request = { token, copyLength: 512, fileOffset: 2048 };
    for (const [at, byte] of token.slice().entries()) {
      token[at] = byte ^ (1 << (at % 8));
      expect(() => odx.offloadWriteSync(opened, request)).toThrow(/^ERROR_INVALID_TOKEN /);
      token[at] = byte;
    }
    expect(odx.offloadWriteSync(opened, request).lengthWritten).toBe(512n);
  });
});
