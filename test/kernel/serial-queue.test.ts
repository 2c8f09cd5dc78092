import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Semaphore, SerialQueue } from '../../src/kernel/win32/serial-queue.ts';

// Works without --expose-gc on the command line.
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

const unreachable = (error: unknown): never => {
  throw error;
};

describe('a serial queue', () => {
  test('runs one job at a time, in their order', async () => {
    const queue = new SerialQueue(new Semaphore(2));
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from(
        { length: 100 },
        (_, at) =>
          new Promise<void>((resolve) => {
            queue.add((finished) => {
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

  test('withdraws a job that has not started, and no other', () => {
    const queue = new SerialQueue(new Semaphore(2));
    const begun: string[] = [];
    let finish = (): void => {};
    const first = queue.add((finished) => {
      begun.push('first');
      finish = finished;
    }, unreachable);
    const second = queue.add(() => begun.push('second'), unreachable);
    queue.add(() => begun.push('third'), unreachable);
    expect([first(), second(), second()]).toEqual([false, true, false]);
    finish();
    expect(begun).toEqual(['first', 'third']);
  });

  test('holds no reference to finished jobs, even when there is always another one', async () => {
    const queue = new SerialQueue(new Semaphore(2));
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
        queue.add(start, unreachable);
      };
      again();
      again();
    });
    collectGarbage();
    expect(held.length).toBeGreaterThan(1000);
    expect(held.filter((start) => start.deref() !== undefined).length).toBeLessThan(10);
  });

  test('skips a hundred thousand withdrawn jobs and runs the next one', () => {
    const queue = new SerialQueue(new Semaphore(2));
    let finish = (): void => {};
    queue.add((finished) => {
      finish = finished;
    }, unreachable);
    const takeBack = Array.from({ length: 100_000 }, () =>
      queue.add(() => unreachable('started'), unreachable),
    );
    for (const back of takeBack) expect(back()).toBe(true);
    let isLast = false;
    queue.add(() => {
      isLast = true;
    }, unreachable);
    expect(isLast).toBe(false);
    finish();
    expect(isLast).toBe(true);
  });

  test('reports a job that cannot start and runs the next one', () => {
    const queue = new SerialQueue(new Semaphore(2));
    const mine = new Error('mine');
    const failed: unknown[] = [];
    let isNext = false;
    queue.add(
      () => {
        throw mine;
      },
      (error) => failed.push(error),
    );
    queue.add(() => {
      isNext = true;
    }, unreachable);
    expect(failed).toEqual([mine]);
    expect(isNext).toBe(true);
  });
});

describe('a semaphore', () => {
  test('limits the jobs of all its queues, and serves the queue that has waited longest', () => {
    const semaphore = new Semaphore(2);
    const started: string[] = [];
    const finish = new Map<string, () => void>();
    const add = (queue: SerialQueue, name: string) =>
      queue.add((finished) => {
        started.push(name);
        finish.set(name, finished);
      }, unreachable);
    const [a, b, c] = [new SerialQueue(semaphore), new SerialQueue(semaphore), new SerialQueue(semaphore)];
    add(a, 'a1');
    add(a, 'a2');
    add(b, 'b1');
    add(c, 'c1');
    expect(started).toEqual(['a1', 'b1']);
    finish.get('a1')?.();
    expect(started).toEqual(['a1', 'b1', 'c1']);
    finish.get('b1')?.();
    expect(started).toEqual(['a1', 'b1', 'c1', 'a2']);
    expect([a.isIdle, b.isIdle, c.isIdle]).toEqual([false, true, false]);
  });

  test('is released when every job of a queue was withdrawn', () => {
    const semaphore = new Semaphore(1);
    const [a, b] = [new SerialQueue(semaphore), new SerialQueue(semaphore)];
    let finish = (): void => {};
    a.add((finished) => {
      finish = finished;
    }, unreachable);
    const withdraw = b.add(() => unreachable('started'), unreachable);
    expect(withdraw()).toBe(true);
    finish();
    expect([a.isIdle, b.isIdle]).toEqual([true, true]);
    let isStarted = false;
    a.add(() => {
      isStarted = true;
    }, unreachable);
    expect(isStarted).toBe(true);
  });
});
