/** What to do with a delivery: hand it on, pass it over, or read the feed from where it is. */
export type Verdict = 'send' | 'skip' | 'read';

/** What a page of the feed means for whoever reads on. */
export type PageVerdict = 'go' | 'reset';

interface Bounds {
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
}

/**
 * Where one open feed is: a state machine without I/O.
 * - `opening`: registered, the answer is not out; what arrives is only remembered as seen
 *   (trap 7), and read from the feed afterwards, so that nothing has to be held in memory.
 * - `reading`: catching up from the store, after opening or after a gap (G5).
 * - `held`: its own next event must not overtake an answer (trap 5).
 * - `live`: hands on what is next in line.
 */
export class FeedPosition {
  phase: 'opening' | 'reading' | 'held' | 'live' | 'closed' = 'opening';
  epoch: string;
  /** The last entry that was handed on. */
  at: number;
  /** The newest entry that is known to exist. */
  #seen = 0;

  constructor(epoch = '', at = 0) {
    this.epoch = epoch;
    this.at = at;
  }

  /** Puts the feed where it is to go on from, and begins to read there. */
  begin(epoch: string, at: number): void {
    this.epoch = epoch;
    this.at = at;
    this.phase = 'reading';
  }

  /**
   * A delivery came in.
   * @param hold whether it may be the work of a call that is not answered yet
   */
  delivered(epoch: string, n: number, hold: boolean): Verdict {
    if (this.phase === 'closed') return 'skip';
    if (this.phase !== 'live') {
      this.#seen = Math.max(this.#seen, n);
      return 'skip';
    }
    if (epoch === this.epoch && n <= this.at) return 'skip';
    if (epoch === this.epoch && n === this.at + 1) {
      if (!hold) {
        this.at = n;
        return 'send';
      }
      this.#seen = n;
      this.phase = 'held';
      return 'skip';
    }
    this.#seen = n;
    this.phase = 'reading';
    return 'read';
  }

  /** What was missed is not known: look. Answers whether to begin reading. */
  doubt(): boolean {
    if (this.phase !== 'live') return false;
    this.phase = 'reading';
    return true;
  }

  /** Answers may have gone out. Answers whether to begin reading. */
  release(): boolean {
    if (this.phase !== 'held') return false;
    this.phase = 'reading';
    return true;
  }

  /** Whether the feed can be gone on from here: same epoch, nothing trimmed, not beyond its end. */
  judge(page: Bounds): PageVerdict {
    return page.epoch === this.epoch && this.at >= page.floor && this.at <= page.head
      ? 'go' : 'reset';
  }

  /** An entry was read and is handed on, unless it has to wait for an answer. */
  passed(n: number, hold: boolean): boolean {
    if (hold) {
      this.phase = 'held';
      return false;
    }
    this.at = n;
    return true;
  }

  /** Read up to this head: live, unless something newer was seen meanwhile. */
  caughtUp(head: number): boolean {
    if (this.phase !== 'reading') return false;
    // What was seen since that page was read was not handed on: the next page has it (trap 7).
    const behind = this.#seen > this.at || head > this.at;
    this.#seen = 0;
    if (behind) return false;
    this.phase = 'live';
    return true;
  }

  close(): void {
    this.phase = 'closed';
  }
}
