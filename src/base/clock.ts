/**
 * Time as the server sees it. Passed in everywhere, so that a test sets it and so that
 * nothing that needs an interval reads the wall clock.
 */
export interface Clock {
  /** Milliseconds since 1970, for what people read: `at`, retention, windows of keys. May jump. */
  now(): number;
  /** Milliseconds of a clock that never jumps, for leases, timeouts and grace periods. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; the answer cancels. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own clocks and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until it is moved: for tests of anything with time in it. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  /** @param startMs the wall clock's first reading, in milliseconds since 1970 */
  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#monotonicMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves both clocks on and runs what falls due, in the order in which it falls due. */
  advance(ms: number): void {
    const end = this.#monotonicMs + ms;
    for (;;) {
      let next: { at: number; run: () => void } | undefined;
      for (const timer of this.#timers) {
        if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs += next.at - this.#monotonicMs;
      this.#monotonicMs = next.at;
      next.run();
    }
    this.#nowMs += end - this.#monotonicMs;
    this.#monotonicMs = end;
  }

  /** Sets the wall clock alone, as an operator or a time server would. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }
}
