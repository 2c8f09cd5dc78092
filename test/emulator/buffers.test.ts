import { expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';

test('buffers that are lent at the same time share no byte', () => {
  const emulator = createEmulator();
  const all = Array.from({ length: 200 }, () => emulator.acquire(544, 528));
  expect(new Set(all.flatMap(({ input, output }) => [input.buffer, output.buffer])).size).toBe(400);
});

test('buffers that are released twice are not lent to two calls', () => {
  const emulator = createEmulator();
  const buffers = emulator.acquire(32, 528);
  emulator.release(buffers);
  emulator.release(buffers);
  expect(emulator.acquire(32, 528)).not.toBe(emulator.acquire(32, 528));
});

test('buffers have the requested size, however large', () => {
  const { input, inputView, output } = createEmulator().acquire(48 + 16 * 65_536, 536);
  expect(input.length).toBeGreaterThanOrEqual(48 + 16 * 65_536);
  expect(output.length).toBeGreaterThanOrEqual(536);
  expect(inputView.buffer).toBe(input.buffer);
});
