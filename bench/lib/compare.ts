/** One contender: does its work for a while and says how much it did on how much CPU. */
export interface Contender {
  readonly name: string;
  round(durationMs: number): Promise<Round>;
}

export interface Round {
  readonly operations: number;
  /** CPU seconds of everything on the server's side. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly errors: number;
  /** Latencies in ms, where they were taken. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

export interface Standing {
  readonly name: string;
  /** Medians over the rounds. */
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly errors: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Ours over this one, round by round: operations per CPU-second. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

/**
 * Runs the contenders in turn, A B C A B C …, so that a machine that changes its speed changes it
 * for all, and compares the first with each of the others round by round.
 */
export async function compare(
  contenders: readonly Contender[], rounds: number, durationMs: number,
): Promise<Standing[]> {
  for (const contender of contenders) await contender.round(Math.min(1_000, durationMs));
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      results.get(contender.name)?.push(await contender.round(durationMs));
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  const rate = (round: Round | undefined) => (round?.operations ?? NaN) / (round?.cpuSeconds ?? 0);
  const ours = results.get(contenders[0]?.name ?? '') ?? [];
  return contenders.map(({ name }) => {
    const own = results.get(name) ?? [];
    const ratios = own.map((round, index) => rate(ours[index]) / rate(round));
    const taken = own.map((round) => round.p99Ms).filter((value) => value !== undefined);
    const middle = own.map((round) => round.p50Ms).filter((value) => value !== undefined);
    return {
      name,
      perCpuSecond: median(own.map(rate)),
      perSecond: median(own.map((round) => round.operations / round.wallSeconds)),
      errors: own.reduce((sum, round) => sum + round.errors, 0),
      ...(taken.length > 0 ? { p50Ms: median(middle), p99Ms: median(taken) } : {}),
      ratio: median(ratios),
      ratioMin: Math.min(...ratios),
      ratioMax: Math.max(...ratios),
    };
  });
}
