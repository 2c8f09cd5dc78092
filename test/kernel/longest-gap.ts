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
