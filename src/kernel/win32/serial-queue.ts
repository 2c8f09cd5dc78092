/** Lets a limited number of jobs run at the same time; the others wait in their order. */
export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(permits: number) {
    this.#free = permits;
  }

  /** Calls `go` as soon as there is a permit, possibly at once. */
  acquire(go: () => void): void {
    if (this.#free === 0) {
      this.#waiting.push(go);
      return;
    }
    this.#free--;
    go();
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

interface Job {
  start: ((finished: () => void) => void) | undefined;
  readonly failed: (error: unknown) => void;
  next: Job | undefined;
}

/**
 * Runs jobs one after the other, each with a permit of a semaphore. Queues that share a semaphore run side by side. After
 * each job the permit goes to the queue that has waited longest.
 */
export class SerialQueue {
  readonly #semaphore: Semaphore;
  #first: Job | undefined;
  #last: Job | undefined;
  #isBusy = false;

  constructor(semaphore: Semaphore) {
    this.#semaphore = semaphore;
  }

  /** Whether no job runs or waits. */
  get isIdle(): boolean {
    return !this.#isBusy && this.#first === undefined;
  }

  /**
   * Adds a job. `start` must call `finished` once, later; `failed` gets what `start` throws. The function returned
   * withdraws the job and reports whether that was possible, that is, whether the job had not started.
   */
  add(start: (finished: () => void) => void, failed: (error: unknown) => void): () => boolean {
    const job: Job = { start, failed, next: undefined };
    if (this.#last === undefined) this.#first = job;
    else this.#last.next = job;
    this.#last = job;
    this.#advance();
    return () => {
      const isWaiting = job.start !== undefined;
      job.start = undefined;
      return isWaiting;
    };
  }

  #advance(): void {
    if (this.#isBusy || this.#first === undefined) return;
    this.#isBusy = true;
    this.#semaphore.acquire(() => this.#startNext());
  }

  #startNext(): void {
    for (let job = this.#take(); job !== undefined; job = this.#take()) {
      const { start } = job;
      // Withdrawn.
      if (start === undefined) continue;
      job.start = undefined;
      try {
        start(() => this.#release());
        return;
      } catch (error) {
        job.failed(error);
      }
    }
    this.#release();
  }

  #take(): Job | undefined {
    const job = this.#first;
    this.#first = job?.next;
    if (this.#first === undefined) this.#last = undefined;
    return job;
  }

  #release(): void {
    this.#isBusy = false;
    this.#semaphore.release();
    this.#advance();
  }
}
