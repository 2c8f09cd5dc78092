interface Job {
  start: ((finished: () => void) => void) | undefined;
  readonly failed: (error: unknown) => void;
  next: Job | undefined;
}

/** Work that goes one after the other, so that it holds one thread of libuv's pool however much of it there is. */
export class Lane {
  #first: Job | undefined;
  #last: Job | undefined;
  #isBusy = false;

  /**
   * `start` is called when its turn has come, and calls `finished` later, at its end; `failed` is told what it throws.
   * Returns how to take the work back, which says whether it had not begun.
   */
  add(start: (finished: () => void) => void, failed: (error: unknown) => void): () => boolean {
    const job: Job = { start, failed, next: undefined };
    if (this.#last === undefined) this.#first = job;
    else this.#last.next = job;
    this.#last = job;
    this.#next();
    return () => {
      const isWaiting = job.start !== undefined;
      job.start = undefined;
      return isWaiting;
    };
  }

  #next(): void {
    while (!this.#isBusy && this.#first !== undefined) {
      const job = this.#first;
      this.#first = job.next;
      if (this.#first === undefined) this.#last = undefined;
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
