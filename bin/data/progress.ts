import { systemClock } from '../../src/base/clock.js';
import type { Copied } from '../../src/store/transfer-copy.js';

const everyMs = 1_000;

/** Tells on stderr how a copy goes: its rate, and where the end is known the time that is left. */
export class Progress {
  readonly #begunMs = systemClock.monotonic();
  #shownMs = this.#begunMs;

  /** @param entries how many there are in all, if that is known */
  constructor(private readonly verb: string, private readonly entries?: number) {}

  show({ entries }: Readonly<Copied>): void {
    const nowMs = systemClock.monotonic();
    if (nowMs - this.#shownMs < everyMs) return;
    this.#shownMs = nowMs;
    const rate = entries / (nowMs - this.#begunMs) * 1_000;
    const left = this.entries === undefined ? ''
      : ` of ${this.entries}, ${Math.ceil((this.entries - entries) / Math.max(rate, 1))} s left`;
    console.error(`${entries} entries${left}, ${Math.round(rate)}/s`);
  }

  done({ units, skipped, entries }: Readonly<Copied>): void {
    const seconds = (systemClock.monotonic() - this.#begunMs) / 1_000;
    const before = skipped === 0 ? '' : `; ${skipped} of them were there already`;
    console.error(`${this.verb} ${units} rooms, users, tokens and rows with ${entries} entries in `
      + `${seconds.toFixed(1)} s${before}`);
  }
}
