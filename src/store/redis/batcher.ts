import { StoreError } from '../../base/fault.js';

/** What came of one unit of a batch: `moved` means that its slot has another owner by now. */
export type Outcome<R> = { readonly done: R } | { readonly failed: StoreError } | 'moved';

export interface BatcherParts<U, R> {
  /** The shard that owns what the unit is about, as this node believes now. */
  route(unit: U): string;
  /** Units of one key are never in flight together, and go in the order in which they came. */
  keyOf(unit: U): string;
  sizeOf(unit: U): number;
  /** One script call; one outcome a unit. @throws StoreError when the whole call failed */
  run(shard: string, units: readonly U[]): Promise<readonly Outcome<R>[]>;
  /** Reads the slot table anew. */
  refresh(): Promise<void>;
  monotonic(): number;
  after(delayMs: number, run: () => void): () => void;
}

interface Waiting<U, R> {
  readonly unit: U;
  readonly sinceMs: number;
  resolve(result: R): void;
  reject(error: StoreError): void;
}

/** The units of one key: in order, of which the first ones may be in flight. */
interface Line<U, R> {
  readonly key: string;
  waiting: Waiting<U, R>[];
  busy: boolean;
}

const callsInFlight = 2;
const batchUnits = 512;
/** A call holds up its shard for some 10 ms at most, a fan-out to many users included. */
const batchBytes = 128 * 1024;
/** Units that wait on one node: beyond that nothing more is taken (G9). */
const queuedUnits = 20_000;
const movedRetryMs = 20;
const movedGiveUpMs = 2_000;

/**
 * Group commit towards shards: at most two script calls in flight a shard; what comes meanwhile
 * goes into the next. Order is kept for each key, through moves of its slot too (trap 3).
 */
export class Batcher<U, R> {
  readonly #parts: BatcherParts<U, R>;
  readonly #lines = new Map<string, Line<U, R>>();
  /** Lines with something to send, by the shard that they would go to. */
  readonly #ready = new Map<string, Set<Line<U, R>>>();
  readonly #inFlight = new Map<string, number>();
  readonly #scheduled = new Set<string>();
  #queued = 0;

  constructor(parts: BatcherParts<U, R>) {
    this.#parts = parts;
  }

  submit(unit: U): Promise<R> {
    if (this.#queued >= queuedUnits) {
      return Promise.reject(new StoreError('refused', 'overloaded', 1_000));
    }
    this.#queued++;
    return new Promise<R>((resolve, reject) => {
      const key = this.#parts.keyOf(unit);
      let line = this.#lines.get(key);
      if (line === undefined) this.#lines.set(key, line = { key, waiting: [], busy: false });
      line.waiting.push({ unit, sinceMs: this.#parts.monotonic(), resolve, reject });
      if (!line.busy) this.#makeReady(line);
    });
  }

  #makeReady(line: Line<U, R>): void {
    const [first] = line.waiting;
    if (first === undefined) {
      this.#lines.delete(line.key);
      return;
    }
    const shard = this.#shardOf(first.unit, line);
    if (shard === undefined) return;
    let ready = this.#ready.get(shard);
    if (ready === undefined) this.#ready.set(shard, ready = new Set());
    ready.add(line);
    this.#schedule(shard);
  }

  /** Undefined where the ring is not known yet: then the whole line is told so. */
  #shardOf(unit: U, line: Line<U, R>): string | undefined {
    try {
      return this.#parts.route(unit);
    } catch (cause) {
      const error = cause instanceof StoreError
        ? cause : new StoreError('refused', 'shard_unreachable', 1_000, cause);
      for (const waiting of line.waiting) this.#fail(waiting, error);
      this.#lines.delete(line.key);
      return undefined;
    }
  }

  /** Sends at the end of the turn, so that one call takes all that the turn brought. */
  #schedule(shard: string): void {
    if (this.#scheduled.has(shard) || this.#flying(shard) >= callsInFlight) return;
    this.#scheduled.add(shard);
    setImmediate(() => {
      this.#scheduled.delete(shard);
      this.#flush(shard);
    });
  }

  #flying(shard: string): number {
    return this.#inFlight.get(shard) ?? 0;
  }

  #flush(shard: string): void {
    const ready = this.#ready.get(shard);
    while (ready !== undefined && ready.size > 0 && this.#flying(shard) < callsInFlight) {
      const taken = this.#take(ready);
      this.#inFlight.set(shard, this.#flying(shard) + 1);
      void this.#send(shard, taken.lines, taken.units).finally(() => {
        this.#inFlight.set(shard, this.#flying(shard) - 1);
        this.#flush(shard);
      });
    }
  }

  #take(ready: Set<Line<U, R>>): { lines: Line<U, R>[]; units: Waiting<U, R>[] } {
    const lines: Line<U, R>[] = [];
    const units: Waiting<U, R>[] = [];
    let bytes = 0;
    for (const line of ready) {
      ready.delete(line);
      line.busy = true;
      lines.push(line);
      const { waiting } = line;
      let n = 0;
      while (n < waiting.length && units.length < batchUnits && bytes < batchBytes) {
        const next = waiting[n];
        if (next === undefined) break;
        bytes += this.#parts.sizeOf(next.unit);
        units.push(next);
        n++;
      }
      line.waiting = waiting.slice(n);
      if (units.length >= batchUnits || bytes >= batchBytes) break;
    }
    return { lines, units };
  }

  async #send(shard: string, lines: Line<U, R>[], units: Waiting<U, R>[]): Promise<void> {
    const moved: Waiting<U, R>[] = [];
    try {
      const outcomes = await this.#parts.run(shard, units.map(({ unit }) => unit));
      units.forEach((waiting, index) => {
        const outcome = outcomes[index];
        if (outcome === 'moved') moved.push(waiting);
        else if (outcome === undefined) this.#fail(waiting, new StoreError('unknown', 'fault', 0));
        else if ('failed' in outcome) this.#fail(waiting, outcome.failed);
        else this.#finish(() => waiting.resolve(outcome.done));
      });
    } catch (cause) {
      const error = cause instanceof StoreError
        ? cause : new StoreError('unknown', 'fault', 1_000, cause);
      for (const waiting of units) this.#fail(waiting, error);
      if (error.reason === 'shard_unreachable') this.#refuseWaiting(shard, error);
    }
    const held = new Set(moved.map(({ unit }) => this.#lines.get(this.#parts.keyOf(unit))));
    for (const line of lines) if (!held.has(line)) this.#release(line);
    // Apart from the calls in flight: a slot that is frozen holds up its own rooms only.
    if (moved.length > 0) void this.#again(moved);
  }

  #release(line: Line<U, R> | undefined): void {
    if (line === undefined) return;
    line.busy = false;
    this.#makeReady(line);
  }

  #finish(tell: () => void): void {
    this.#queued--;
    tell();
  }

  #fail(waiting: Waiting<U, R>, error: StoreError): void {
    this.#finish(() => waiting.reject(error));
  }

  /** The shard is away: what was never sent is told so at once, not after a timeout of its own. */
  #refuseWaiting(shard: string, cause: StoreError): void {
    const error = new StoreError('refused', cause.reason, cause.retryAfterMs, cause);
    for (const line of this.#ready.get(shard) ?? []) {
      for (const waiting of line.waiting) this.#fail(waiting, error);
      this.#lines.delete(line.key);
    }
    this.#ready.get(shard)?.clear();
  }

  /** Puts units whose slot moved before what came after them; their lines stay busy till then. */
  async #again(moved: Waiting<U, R>[]): Promise<void> {
    const now = this.#parts.monotonic();
    const retried = moved.some(({ sinceMs }) => now - sinceMs > movedRetryMs);
    if (retried) {
      await new Promise<void>((resolve) => { this.#parts.after(movedRetryMs, resolve); });
    }
    try {
      await this.#parts.refresh();
    } catch {
      // The table stays as it was; the next answer says again that it is old.
    }
    const held = new Set<Line<U, R> | undefined>();
    for (const waiting of moved.reverse()) {
      const line = this.#lines.get(this.#parts.keyOf(waiting.unit));
      held.add(line);
      if (this.#parts.monotonic() - waiting.sinceMs > movedGiveUpMs) {
        this.#fail(waiting, new StoreError('refused', 'slot_moving', 200));
      } else {
        line?.waiting.unshift(waiting);
      }
    }
    for (const line of held) this.#release(line);
  }
}
