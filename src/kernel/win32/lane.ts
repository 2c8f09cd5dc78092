interface Job {
  start: ((finished: () => void) => void) | undefined;
  readonly failed: (error: unknown) => void;
}

/** Work that goes one after the other, so that it holds one thread of libuv's pool however much of it there is. */
export class Lane {
  readonly #waiting: Job[] = [];
  #first = 0;
  #isBusy = false;

  /**
   * `start` is called when its turn has come, and calls `finished` later, at its end; `failed` is told what it throws.
   * Returns how to take the work back, which says whether it had not begun.
   */
  add(start: (finished: () => void) => void, failed: (error: unknown) => void): () => boolean {
    const job: Job = { start, failed };
    this.#waiting.push(job);
    this.#next();
    return () => {
      const isWaiting = job.start !== undefined;
      job.start = undefined;
      return isWaiting;
    };
  }

  #next(): void {
    while (!this.#isBusy) {
      const job = this.#waiting[this.#first];
      if (job === undefined) {
        this.#waiting.length = 0;
        this.#first = 0;
        return;
      }
      this.#first++;
      this.#begin(job);
    }
  }

  #begin(job: Job): void {
    const { start } = job;
    // It was taken back.
    if (start === undefined) return;
    job.start = undefined;
    this.#isBusy = true;
    try {
      start(() => {
        this.#isBusy = false;
        this.#next();
      });
    } catch (error) {
      this.#isBusy = false;
      job.failed(error);
    }
  }
}
