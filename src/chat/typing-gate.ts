/**
 * Lets one typing signal of a user in a room pass in each interval. Bounded: what was forgotten
 * passes once too often, which costs nothing.
 */
export class TypingGate {
  readonly #passedAt = new Map<string, number>();
  readonly #maxEntries: number;

  constructor(maxEntries = 10_000) {
    this.#maxEntries = maxEntries;
  }

  /**
   * @param who user and room
   * @param nowMs monotonic
   * @returns whether this signal is to be passed on
   */
  passes(who: string, nowMs: number, intervalMs: number): boolean {
    const last = this.#passedAt.get(who);
    if (last !== undefined && nowMs - last < intervalMs) return false;
    this.#passedAt.delete(who);
    this.#passedAt.set(who, nowMs);
    if (this.#passedAt.size > this.#maxEntries) {
      for (const oldest of this.#passedAt.keys()) {
        this.#passedAt.delete(oldest);
        break;
      }
    }
    return true;
  }
}
