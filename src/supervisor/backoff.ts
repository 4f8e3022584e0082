/** What a supervisor remembers of one worker between its starts. */
export interface Restarts {
  /** Crashes in a row, none of them after a long enough life. */
  readonly crashes: number;
}

export const noRestarts: Restarts = { crashes: 0 };

const firstWaitMs = 200;
const longestWaitMs = 10_000;
/** A worker that lived this long was well: its next crash is the first again. */
const wellAfterMs = 30_000;

/**
 * How long to wait before a crashed worker is started again.
 * @param livedMs how long it ran
 * @param random 0 ≤ random < 1: half of the wait is jitter, so that workers don't start in step
 */
export function afterCrash(
  before: Restarts, livedMs: number, random: number,
): { restarts: Restarts; waitMs: number } {
  const crashes = livedMs >= wellAfterMs ? 1 : before.crashes + 1;
  const full = Math.min(longestWaitMs, firstWaitMs * 2 ** (crashes - 1));
  return { restarts: { crashes }, waitMs: Math.round(full / 2 + (full / 2) * random) };
}
