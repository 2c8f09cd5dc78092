/** Work that goes one after the other, so that it holds one thread of libuv's pool however much of it there is. */
export class Lane {
  readonly #waiting: ((finished: () => void) => void)[] = [];
  #first = 0;
  #isBusy = false;

  /** `start` is called when its turn has come, and calls `finished` at its end. */
  add(start: (finished: () => void) => void): void {
    this.#waiting.push(start);
    this.#next();
  }

  #next(): void {
    if (this.#isBusy) return;
    const start = this.#waiting[this.#first];
    if (start === undefined) {
      this.#waiting.length = 0;
      this.#first = 0;
      return;
    }
    this.#first++;
    this.#isBusy = true;
    start(() => {
      this.#isBusy = false;
      this.#next();
    });
  }
}
