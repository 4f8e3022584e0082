/**
 * A rate limit's memory of one caller: two numbers, by the generic cell rate algorithm (ITU-T
 * I.371), which is a token bucket without a token count to refill.
 */
export class RateState {
  /** When the bucket would be full again, on the monotonic clock, in milliseconds. */
  fullAt = -Infinity;
  /** The same for refusals: who goes on after being refused is flooding. */
  refusalsFullAt = -Infinity;
}

/**
 * Takes one token.
 * @param state changed in place
 * @param perSecond tokens that come back each second; 0: no limit
 * @param burst tokens of a full bucket; 0: as many as come back in a second
 * @param nowMs monotonic
 * @returns 0 when it was there, else how many milliseconds until it would be
 */
export function take(
  state: RateState, perSecond: number, burst: number, nowMs: number,
): number {
  if (perSecond === 0) return 0;
  const intervalMs = 1000 / perSecond;
  const next = Math.max(state.fullAt, nowMs) + intervalMs;
  const overMs = next - nowMs - intervalMs * (burst === 0 ? perSecond : burst);
  // The sum of many intervals is not exact: half a token more or less is nothing.
  if (overMs > intervalMs / 2) return Math.max(1, Math.ceil(overMs));
  state.fullAt = next;
  return 0;
}

/**
 * Counts a refusal. Refusals are forgiven as fast as tokens come back: who calls a little too
 * fast is refused now and then for ever, who goes on at twice the rate or more is cut off.
 * @returns whether this caller is flooding: more refusals than a burst are unforgiven
 */
export function strike(
  state: RateState, perSecond: number, burst: number, nowMs: number,
): boolean {
  const intervalMs = 1000 / perSecond;
  const next = Math.max(state.refusalsFullAt, nowMs) + intervalMs;
  const limitMs = intervalMs * (burst === 0 ? perSecond : burst);
  if (next - nowMs - limitMs > intervalMs / 2) return true;
  state.refusalsFullAt = next;
  return false;
}

/**
 * Rates of callers that have no connection to keep them: identities over HTTP, API keys. Bounded;
 * the one not seen for longest goes first, and it had the fullest bucket.
 */
export class RateTable {
  readonly #states = new Map<string, RateState>();
  readonly #maxEntries: number;

  constructor(maxEntries = 100_000) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#states.size;
  }

  get(caller: string): RateState {
    let state = this.#states.get(caller);
    if (state === undefined) {
      state = new RateState();
      if (this.#states.size >= this.#maxEntries) {
        for (const oldest of this.#states.keys()) {
          this.#states.delete(oldest);
          break;
        }
      }
    } else if (this.#states.size * 2 < this.#maxEntries) {
      // Order matters only to who is forgotten first, and nobody is for a long while.
      return state;
    } else {
      this.#states.delete(caller);
    }
    this.#states.set(caller, state);
    return state;
  }
}
