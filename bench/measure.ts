/** One way to make a call. `run` contains the loop, so that V8 compiles the loop of each contender separately. */
export interface Contender {
  readonly name: string;
  readonly run: (times: number) => void;
}

/** Nanoseconds per call, one entry for each round. In a round all contenders run one after the other. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

export interface Effort {
  readonly rounds: number;
  readonly batchMs: number;
  readonly warmUpMs: number;
}

/** Runs the contenders in turn, in a different order in every round, so that other load on the machine slows all of them. */
export function interleave(contenders: readonly Contender[], effort: Effort): Rounds {
  const batches = contenders.map((contender) => callsPerBatch(contender, effort));
  const rounds = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 0; round < effort.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn * (1 + (round % 2) * (contenders.length - 2)) + round) % contenders.length;
      const contender = contenders[index];
      const calls = batches[index];
      if (contender === undefined || calls === undefined) continue;
      rounds.get(contender.name)?.push(nanoseconds(contender, calls) / calls);
    }
  }
  return rounds;
}

/** The median of the ratios within each round. It varies less than the ratio of the medians. */
export function ratio(rounds: Rounds, numerator: string, denominator: string): number {
  const divisors = rounds.get(denominator) ?? [];
  return median((rounds.get(numerator) ?? []).map((value, at) => value / (divisors[at] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function callsPerBatch(contender: Contender, { batchMs, warmUpMs }: Effort): number {
  const end = performance.now() + warmUpMs;
  let calls = 16;
  let elapsedMs = 0;
  do {
    elapsedMs = nanoseconds(contender, calls) / 1e6;
    if (elapsedMs < batchMs / 2) calls *= 2;
  } while (performance.now() < end);
  return Math.max(1, Math.round((calls * batchMs) / elapsedMs));
}

function nanoseconds(contender: Contender, calls: number): number {
  const start = process.hrtime.bigint();
  contender.run(calls);
  return Number(process.hrtime.bigint() - start);
}
