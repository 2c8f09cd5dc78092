/** For what is undone after a failure: a second failure must not hide the first, which is on its way to the caller. */
export async function quietly(undo: () => Promise<void>): Promise<void> {
  try {
    await undo();
  } catch {
    return;
  }
}

export function quietlySync(undo: () => void): void {
  try {
    undo();
  } catch {
    return;
  }
}
