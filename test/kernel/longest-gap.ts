/** Runs an operation and returns the longest gap between two turns of the event loop, in milliseconds. */
export async function longestGap(operation: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(tick, 5);
  try {
    await operation();
  } finally {
    tick();
    clearInterval(timer);
  }
  return longest;
}

/**
 * The smallest of three longest gaps, or the first one below a limit: other programs use the processors too, and what blocks
 * the event loop does so each time.
 */
export async function leastGap(limit: number, operation: () => Promise<unknown>): Promise<number> {
  let gap = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && gap >= limit; round++) gap = Math.min(gap, await longestGap(operation));
  return gap;
}
