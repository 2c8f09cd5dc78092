/** One way to do the work. `run` holds its own loop, so that V8 compiles each for itself. */
export interface Contender {
  readonly name: string;
  readonly run: (times: number) => void;
}

/** Nanoseconds a call, one entry for each round; the same round of all contenders ran side by side. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

export interface Effort {
  readonly rounds: number;
  readonly batchMs: number;
  readonly warmUpMs: number;
}

/** Runs the contenders in turn, in every round in another order, so that what slows the machine down slows all of them. */
export function interleave(contenders: readonly Contender[], effort: Effort): Rounds {
  const batches = contenders.map((contender) => calibrate(contender, effort));
  const rounds = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 0; round < effort.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const at = (turn * (1 + (round % 2) * (contenders.length - 2)) + round) % contenders.length;
      const contender = contenders[at];
      const times = batches[at];
      if (contender === undefined || times === undefined) continue;
      rounds.get(contender.name)?.push(nanoseconds(contender, times) / times);
    }
  }
  return rounds;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The median of the ratios within each round, which drifts less than the ratio of the medians. */
export function ratio(rounds: Rounds, of: string, to: string): number {
  const divisors = rounds.get(to) ?? [];
  return median((rounds.get(of) ?? []).map((value, at) => value / (divisors[at] ?? Number.NaN)));
}

function calibrate(contender: Contender, { batchMs, warmUpMs }: Effort): number {
  const until = performance.now() + warmUpMs;
  let times = 16;
  let took = 0;
  do {
    took = nanoseconds(contender, times) / 1e6;
    if (took < batchMs / 2) times *= 2;
  } while (performance.now() < until);
  return Math.max(1, Math.round((times * batchMs) / took));
}

function nanoseconds(contender: Contender, times: number): number {
  const start = process.hrtime.bigint();
  contender.run(times);
  return Number(process.hrtime.bigint() - start);
}
