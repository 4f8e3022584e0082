import type { Clock } from '../base/clock.js';

/** A connection that has something to do when time passes. */
export interface Kept {
  /** When it must be looked at next, on the monotonic clock, in milliseconds. */
  dueAt: number;
  /** Does what is due and moves {@link dueAt} on; may end the connection. */
  due(nowMs: number): void;
}

/**
 * Looks after the silence, the missing identity and the expiry of every connection with one
 * timer: a number a connection in place of timers (architecture.md, trap 14).
 */
export class Keeper {
  readonly #kept = new Set<Kept>();
  readonly #clock: Clock;
  readonly #everyMs: number;
  #cancel: (() => void) | undefined;

  /** @param everyMs how late, in milliseconds, anything may be */
  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  add(kept: Kept): void {
    this.#kept.add(kept);
    this.#cancel ??= this.#clock.after(this.#everyMs, this.#look);
  }

  delete(kept: Kept): void {
    this.#kept.delete(kept);
    if (this.#kept.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  readonly #look = (): void => {
    this.#cancel = undefined;
    const nowMs = this.#clock.monotonic();
    for (const kept of this.#kept) {
      if (kept.dueAt <= nowMs) kept.due(nowMs);
    }
    if (this.#kept.size > 0) this.#cancel ??= this.#clock.after(this.#everyMs, this.#look);
  };
}
