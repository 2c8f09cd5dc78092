import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Lane } from '../../src/kernel/win32/lane.ts';

// Works without --expose-gc on the command line.
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

const unreachable = (error: unknown): never => {
  throw error;
};

describe('a lane', () => {
  test('lets one job through at a time, in their order', async () => {
    const lane = new Lane();
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from(
        { length: 100 },
        (_, at) =>
          new Promise<void>((resolve) => {
            lane.add((finished) => {
              begun.push(at);
              running++;
              most = Math.max(most, running);
              setImmediate(() => {
                running--;
                finished();
                resolve();
              });
            }, unreachable);
          }),
      ),
    );
    expect(begun).toEqual(Array.from({ length: 100 }, (_, at) => at));
    expect(most).toBe(1);
  });

  test('gives back what has not begun, and nothing else', () => {
    const lane = new Lane();
    const begun: string[] = [];
    let finish = (): void => {};
    const first = lane.add((finished) => {
      begun.push('first');
      finish = finished;
    }, unreachable);
    const second = lane.add(() => begun.push('second'), unreachable);
    lane.add(() => begun.push('third'), unreachable);
    expect([first(), second(), second()]).toEqual([false, true, false]);
    finish();
    expect(begun).toEqual(['first', 'third']);
  });

  test('lets go of what is done, also when there is always more to do', async () => {
    const lane = new Lane();
    const held: WeakRef<object>[] = [];
    await new Promise<void>((resolve) => {
      let left = 1000;
      const again = (): void => {
        const start = (finished: () => void): void => {
          if (left-- > 0) again();
          else resolve();
          setImmediate(finished);
        };
        held.push(new WeakRef(start));
        lane.add(start, unreachable);
      };
      again();
      again();
    });
    collectGarbage();
    expect(held.length).toBeGreaterThan(1000);
    expect(held.filter((start) => start.deref() !== undefined).length).toBeLessThan(10);
  });

  test('passes over a hundred thousand that were taken back, and goes on', () => {
    const lane = new Lane();
    let finish = (): void => {};
    lane.add((finished) => {
      finish = finished;
    }, unreachable);
    const takeBack = Array.from({ length: 100_000 }, () => lane.add(() => unreachable('begun'), unreachable));
    for (const back of takeBack) expect(back()).toBe(true);
    let isLast = false;
    lane.add(() => {
      isLast = true;
    }, unreachable);
    expect(isLast).toBe(false);
    finish();
    expect(isLast).toBe(true);
  });

  test('tells a job that cannot begin, and goes on with the next', () => {
    const lane = new Lane();
    const mine = new Error('mine');
    const failed: unknown[] = [];
    let isNext = false;
    lane.add(
      () => {
        throw mine;
      },
      (error) => failed.push(error),
    );
    lane.add(() => {
      isNext = true;
    }, unreachable);
    expect(failed).toEqual([mine]);
    expect(isNext).toBe(true);
  });
});
