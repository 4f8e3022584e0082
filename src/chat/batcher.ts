import type { Clock } from '../base/clock.js';
import type { FeedStore, ForwardItem, ForwardResult } from '../store/feeds.js';

interface Waiting {
  readonly items: readonly ForwardItem[];
  readonly resolve: (results: ForwardResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls in flight at once (architecture.md, The way of a message). */
const maxInFlight = 2;
/** A call that takes longer holds up nobody: a stopped shard must not stop the others. */
const slowMs = 50;
/** Items of one call. */
const maxItems = 512;

/**
 * Puts what many rooms have to forward into few calls: what comes in one turn, or while calls are
 * in flight, goes together. The first call leaves at the end of the turn, after the answers that
 * are being queued in it.
 */
export class ForwardBatcher {
  readonly #feeds: Pick<FeedStore, 'forward'>;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(feeds: Pick<FeedStore, 'forward'>, clock: Clock) {
    this.#feeds = feeds;
    this.#clock = clock;
  }

  /** Forwards the items of one room; the caller has at most one call out for a room. */
  forward(items: readonly ForwardItem[]): Promise<ForwardResult[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#inFlight >= maxInFlight) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#inFlight < maxInFlight) void this.#send();
      this.#schedule();
    });
  }

  #take(): Waiting[] {
    let items = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && items + waiting.items.length > maxItems) break;
      items += waiting.items.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(): Promise<void> {
    const batch = this.#take();
    if (batch.length === 0) return;
    this.#inFlight += 1;
    let counted = true;
    const free = () => {
      if (!counted) return;
      counted = false;
      this.#inFlight -= 1;
      this.#schedule();
    };
    const cancel = this.#clock.after(slowMs, free);
    try {
      const results = await this.#feeds.forward(batch.flatMap((waiting) => waiting.items));
      let from = 0;
      for (const { items, resolve } of batch) {
        resolve(results.slice(from, from + items.length));
        from += items.length;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      cancel();
      free();
    }
  }
}
