import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AbortError } from '../../src/errors.ts';
import type { FileSource } from '../../src/file-source.ts';
import type { Odx } from '../../src/odx.ts';
import { safeSignal } from '../../src/signal.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, workspace } from '../kit.ts';

const token = OffloadToken.zeroData();
const ranges = [{ startingOffset: 0, lengthInBytes: 512 }];

const CALLS: [string, (odx: Odx, file: FileSource, signal?: AbortSignal) => Promise<unknown>][] = [
  ['offloadRead', (odx, file, signal) => odx.offloadRead(file, { copyLength: 512, signal })],
  ['offloadWrite', (odx, file, signal) => odx.offloadWrite(file, { token, copyLength: 512, signal })],
  ['dsmOffloadRead', (odx, file, signal) => odx.dsmOffloadRead(file, { ranges, signal })],
  ['dsmOffloadWrite', (odx, file, signal) => odx.dsmOffloadWrite(file, { ranges, token, signal })],
];

describe.each(CALLS)('the signal of %s', (_, call) => {
  test('keeps the call from the kernel when it was aborted before', async () => {
    const { odx, emulator, file: make } = workspace();
    const file = await odx.openFile(make('file', 4096), 'r+');
    const reason = new Error('never mind');
    const error = await failureOf(() => call(odx, file, AbortSignal.abort(reason)));
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    expect(emulator.calls).toEqual([]);
    await file.close();
  });

  test('cancels the call when it is aborted during the call', async () => {
    const { odx, emulator, file: make } = workspace({ latency: 60_000 });
    const file = await odx.openFile(make('file', 4096), 'r+');
    const controller = new AbortController();
    const running = call(odx, file, controller.signal);
    setTimeout(() => controller.abort('enough'), 5);
    expect(await failureOf(() => running)).toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
    expect(emulator.calls[0]?.status).toBe(0xc000_0120);
    await file.close();
  });

  test('cancels the call when it is a signal of AbortSignal.timeout', async () => {
    const { odx, file: make } = workspace({ latency: 60_000 });
    const file = await odx.openFile(make('file', 4096), 'r+');
    const error = await failureOf(() => call(odx, file, AbortSignal.timeout(5)));
    expect(error).toBeInstanceOf(AbortError);
    expect((error as AbortError).cause).toMatchObject({ name: 'TimeoutError' });
    await file.close();
  });

  test('has no effect and no listeners after the call', async () => {
    const { odx, file: make } = workspace({ latency: 1 });
    const file = await odx.openFile(make('file', 4096), 'r+');
    const controller = new AbortController();
    await call(odx, file, controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    await call(odx, file);
    await file.close();
  });

  test('cancels all calls that share it, without a leak warning from Node.js', async () => {
    const { odx, file: make } = workspace({ latency: 60_000 });
    const file = await odx.openFile(make('file', 4096), 'r+');
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const controller = new AbortController();
    const running = Array.from({ length: 100 }, () => call(odx, file, controller.signal));
    setTimeout(() => controller.abort('enough'), 5);
    for (const settled of await Promise.allSettled(running)) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'ABORT_ERR', cause: 'enough' } });
    }
    process.off('warning', note);
    expect(warnings).toEqual([]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await file.close();
  });

  test('does not hide the failure of the call', async () => {
    const { odx, file: make } = workspace({ intercept: () => ({ status: 0xc000_0465 }) });
    const file = await odx.openFile(make('file', 4096), 'r+');
    const { signal } = new AbortController();
    expect(await failureOf(() => call(odx, file, signal))).toMatchObject({ code: 'ERROR_INVALID_TOKEN' });
    await file.close();
  });

  test('is checked after the request, so a wrong request is refused first', async () => {
    const { odx } = workspace();
    const error = await failureOf(() => call(odx, 'no file' as unknown as bigint, AbortSignal.abort()));
    expect(error).toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
  });

  test('cancels a hundred calls in flight', async () => {
    const { odx, file: make } = workspace({ latency: 60_000 });
    const file = await odx.openFile(make('file', 4096), 'r+');
    const controllers = Array.from({ length: 100 }, () => new AbortController());
    const running = Promise.allSettled(controllers.map(({ signal }) => call(odx, file, signal)));
    setTimeout(() => {
      for (const controller of controllers) controller.abort();
    }, 5);
    const settled = await running;
    expect(settled.every((one) => one.status === 'rejected' && one.reason instanceof AbortError)).toBe(true);
    await file.close();
  });
});

test('a signal ignores the removal of a listener that it does not have, as an EventTarget does', () => {
  const { signal } = new AbortController();
  const safe = safeSignal(signal);
  const listener = (): void => {};
  safe.removeEventListener('abort', listener);
  safe.addEventListener('abort', listener);
  safe.removeEventListener('abort', () => {});
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  safe.removeEventListener('abort', listener);
  safe.removeEventListener('abort', listener);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
