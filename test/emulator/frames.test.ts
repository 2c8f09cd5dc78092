import { expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';

test('frames that are out at the same time share no byte', () => {
  const emulator = createEmulator();
  const frames = Array.from({ length: 200 }, () => emulator.acquire(544, 528));
  expect(new Set(frames.flatMap(({ input, output }) => [input.buffer, output.buffer])).size).toBe(400);
});

test('a frame comes again once it was handed back, and only once', () => {
  const emulator = createEmulator();
  const frame = emulator.acquire(32, 528);
  emulator.release(frame);
  emulator.release(frame);
  expect(emulator.acquire(32, 528)).toBe(frame);
  expect(emulator.acquire(32, 528)).not.toBe(frame);
});

test('a frame holds what was asked for, however much', () => {
  const frame = createEmulator().acquire(48 + 16 * 65_536, 536);
  expect(frame.input.length).toBeGreaterThanOrEqual(48 + 16 * 65_536);
  expect(frame.output.length).toBeGreaterThanOrEqual(536);
  expect(frame.inputView.buffer).toBe(frame.input.buffer);
});
