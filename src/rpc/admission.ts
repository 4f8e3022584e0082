import type { Clock } from '../base/clock.js';

/** What waits for a place; started when one is free. */
export interface Waiting {
  start(): void;
}

/**
 * Places for running calls, and a bounded queue before them, in order of arrival (G9). Pure: who
 * holds a place gives it back with {@link leave}.
 */
export class Turnstile {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #starting = false;

  /**
   * @param maxRunning places; 0 for any number
   * @param maxWaiting most that may wait; 0 for any number
   */
  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning === 0 ? Infinity : maxRunning;
    this.#maxWaiting = maxWaiting === 0 ? Infinity : maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a place if one is free and nobody waits for it. */
  enter(): boolean {
    if (this.#running >= this.#maxRunning || this.#waiting.size > 0) return false;
    this.#running += 1;
    return true;
  }

  /** Waits for a place, which it holds when started; false: the queue is full. */
  wait(call: Waiting): boolean {
    if (this.#waiting.size >= this.#maxWaiting) return false;
    this.#waiting.add(call);
    return true;
  }

  /** Waits no longer: cancelled or expired. */
  forget(call: Waiting): void {
    this.#waiting.delete(call);
  }

  /** Gives a place back; the next one starts at once. */
  leave(): void {
    this.#running -= 1;
    // Calls that answer at once leave from inside their start: a loop, so that a long queue of
    // them does not become a deep stack.
    if (this.#starting) return;
    this.#starting = true;
    try {
      for (const next of this.#waiting) {
        if (this.#running >= this.#maxRunning) break;
        this.#waiting.delete(next);
        this.#running += 1;
        next.start();
      }
    } finally {
      this.#starting = false;
    }
  }
}

/**
 * How late the event loop is, by a timer that runs only while calls come. One late reading is a
 * pause (a collection, a slow neighbour), two in a row are overload.
 */
export class LagMeter {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #maxLagMs: number;
  #dueAt = 0;
  #last = 0;
  #before = 0;
  #asked = false;
  #running = false;

  /** @param maxLagMs above which the loop is overloaded; 0: never */
  constructor(clock: Clock, maxLagMs: number, everyMs = 50) {
    this.#clock = clock;
    this.#maxLagMs = maxLagMs;
    this.#everyMs = everyMs;
  }

  /** @param nowMs monotonic: the longest pause is the one that is not over yet */
  overloaded(nowMs: number): boolean {
    if (this.#maxLagMs === 0) return false;
    if (!this.#running) this.#arm();
    this.#asked = true;
    const present = nowMs - this.#dueAt;
    return this.#last > this.#maxLagMs
      && (present > this.#maxLagMs || this.#before > this.#maxLagMs);
  }

  #arm(): void {
    this.#running = true;
    this.#asked = false;
    this.#dueAt = this.#clock.monotonic() + this.#everyMs;
    this.#clock.after(this.#everyMs, this.#measure);
  }

  readonly #measure = (): void => {
    this.#before = this.#last;
    this.#last = this.#clock.monotonic() - this.#dueAt;
    if (this.#asked) {
      this.#arm();
    } else {
      this.#running = false;
      this.#last = 0;
    }
  };
}
