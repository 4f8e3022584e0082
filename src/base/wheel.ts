import type { Clock } from './clock.js';

const out = -1;
/** Taken out of its slot to run now: may still be cancelled by one that runs before it. */
const dueNow = -2;

/** Something that is due at a time, kept in a {@link Wheel}; may be put in again. */
export class WheelEntry {
  /** @internal the neighbours in the slot, so that leaving costs no search */
  before: WheelEntry | undefined;
  /** @internal */
  after: WheelEntry | undefined;
  /** @internal turns of the wheel still to go */
  turns = 0;
  /** @internal which slot it is in, or one of the marks below */
  slot = out;

  constructor(readonly run: () => void) {}

  get scheduled(): boolean {
    return this.slot !== out;
  }
}

/**
 * Many deadlines on one timer (architecture.md, trap 14): a hashed wheel. Putting in and taking
 * out cost the same however many there are; nothing is early, and late by at most a tick. The
 * timer runs only while something waits.
 */
export class Wheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: (WheelEntry | undefined)[];
  #size = 0;
  /** Ticks gone by since {@link #startMs}: the slot under the hand is this modulo the slots. */
  #ticks = 0;
  #startMs = 0;
  #cancel: (() => void) | undefined;

  /**
   * @param tickMs how late anything may be
   * @param slots ticks of one turn; longer delays take several turns
   */
  constructor(clock: Clock, tickMs = 20, slots = 512) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#slots = new Array<WheelEntry | undefined>(slots).fill(undefined);
  }

  /** Entries that wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Runs the entry once, at `atMs` or up to a tick later. An entry that waits already is moved.
   * @param atMs on the monotonic clock, in milliseconds
   */
  schedule(entry: WheelEntry, atMs: number): void {
    this.cancel(entry);
    if (this.#size === 0) {
      this.#startMs = this.#clock.monotonic();
      this.#ticks = 0;
    }
    const due = Math.max(Math.ceil((atMs - this.#startMs) / this.#tickMs), this.#ticks + 1);
    const slot = due % this.#slots.length;
    entry.turns = Math.floor((due - this.#ticks - 1) / this.#slots.length);
    entry.slot = slot;
    const first = this.#slots[slot];
    entry.after = first;
    if (first !== undefined) first.before = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
    this.#cancel ??= this.#clock.after(this.#tickMs, this.#turn);
  }

  /** Takes the entry out; nothing happens when it is not in. */
  cancel(entry: WheelEntry): void {
    if (entry.slot === dueNow) entry.slot = out;
    if (entry.slot === out) return;
    if (entry.before === undefined) this.#slots[entry.slot] = entry.after;
    else entry.before.after = entry.after;
    if (entry.after !== undefined) entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
    entry.slot = out;
    this.#size -= 1;
  }

  readonly #turn = (): void => {
    this.#cancel = undefined;
    // A late timer catches up: what fell due meanwhile runs now.
    const now = Math.floor((this.#clock.monotonic() - this.#startMs) / this.#tickMs);
    const due: WheelEntry[] = [];
    while (this.#ticks < now && this.#size > 0) {
      this.#ticks += 1;
      this.#take(this.#ticks % this.#slots.length, due);
    }
    // An entry's run may schedule and cancel, so the timer is set again first.
    if (this.#size > 0) this.#cancel ??= this.#clock.after(this.#tickMs, this.#turn);
    runAll(due);
  };

  #take(slot: number, due: WheelEntry[]): void {
    let entry = this.#slots[slot];
    while (entry !== undefined) {
      const next: WheelEntry | undefined = entry.after;
      if (entry.turns === 0) {
        this.cancel(entry);
        entry.slot = dueNow;
        due.push(entry);
      } else {
        entry.turns -= 1;
      }
      entry = next;
    }
  }
}

function runAll(due: readonly WheelEntry[]): void {
  const faults: unknown[] = [];
  for (const entry of due) {
    if (entry.slot !== dueNow) continue;
    entry.slot = out;
    try {
      entry.run();
    } catch (error) {
      faults.push(error);
    }
  }
  // One that fails must not keep the others from running.
  if (faults.length > 0) throw new AggregateError(faults, 'timer wheel');
}
