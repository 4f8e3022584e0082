/** A number in [0, 1). Passed in, so that tests choose it. */
export type Random = () => number;

/**
 * Full jitter: anywhere between nothing and a bound that doubles, so that clients that were cut
 * off together don't come back together.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 * @param round failures before this one, from 0
 */
export function fullJitterMs(round: number, baseMs: number, maxMs: number, random: Random): number {
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** Math.min(round, 30)));
}
