/**
 * Finds publications that did not arrive, by their numbers (trap 13): one counter a (node, shard)
 * channel. The heartbeat is published on the channel too, so that silence shows as well (G5).
 */
export class GapCounter {
  #last: number | undefined;
  /** Heartbeats published and not seen to arrive. */
  #expected = 0;
  #oldestMs = 0;

  /** @param last number of the last publication before listening began; undefined: not known */
  reset(last?: number): void {
    this.#last = last;
    this.#expected = 0;
  }

  /** Takes a publication's number. True where one before it is missing. */
  take(n: number): boolean {
    const last = this.#last;
    // Older numbers again mean that the shard lost its tail: what came then is not known either.
    this.#last = n;
    return last !== undefined && n !== last + 1;
  }

  /** A heartbeat was published, on the caller's monotonic clock. */
  sent(nowMs: number): void {
    if (this.#expected === 0) this.#oldestMs = nowMs;
    this.#expected += 1;
  }

  /** A heartbeat arrived: the channel is alive. */
  arrived(): void {
    this.#expected = 0;
  }

  /** Whether a heartbeat has not arrived for so long that the channel must be taken for dead. */
  deaf(nowMs: number, limitMs: number): boolean {
    return this.#expected > 0 && nowMs - this.#oldestMs > limitMs;
  }
}
