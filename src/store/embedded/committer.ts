import { StoreError } from '../rooms.js';
import type { Key, Kv, KvWrite, Pair, RangeOptions } from './kv.js';
import { sumBytes } from './kv.js';

/** Says whether writing can be, and if not why. */
export interface WriteGate {
  /** Before each decision. @throws StoreError `refused` while nothing may be written */
  check(): void;
  /** Before each commit; may look at the disk. @throws StoreError `refused` likewise */
  beforeCommit(): void;
  /** A commit failed: nothing may be written with this environment again. */
  commitFailed(cause: unknown): void;
}

/** What a decision reads and writes: its own and earlier writes show, committed or not. */
export interface Tx {
  get(key: Key): Buffer | undefined;
  range(from: Key, to: Key, options?: RangeOptions): Pair[];
  put(key: Key, value: Buffer): void;
  remove(key: Key): void;
  /** Runs once the writes are durable, in the order of the decisions, before anyone is told. */
  onDurable(run: () => void): void;
}

interface Group {
  readonly writes: Map<Key, KvWrite>;
  readonly onDurable: (() => void)[];
  readonly resolve: (() => void)[];
  readonly reject: ((error: StoreError) => void)[];
}

const emptyGroup = (): Group =>
  ({ writes: new Map(), onDurable: [], resolve: [], reject: [] });

/**
 * Group commit: decisions are made one after the other without waiting, on what is kept plus
 * what is still to be committed; everything decided while a commit is in flight goes into the
 * next one.
 *
 * Guarantee: {@link write} resolves when what was decided is durable (G1). A decision that throws
 * leaves nothing behind. Where a group was refused before its commit, or a commit failed,
 * everything decided since is void and `onVoid` says so: whoever remembers more than the kept
 * state forgets it.
 */
export class Committer {
  #queued = emptyGroup();
  #inFlight: Group | undefined;
  #undo: (readonly [Key, KvWrite | undefined])[] = [];
  #undoDurable = 0;
  #scheduled = false;
  #closing = false;
  #idle: (() => void)[] = [];
  readonly #tx: Tx;
  readonly #beforeCommit: ((tx: Tx) => void)[] = [];
  readonly #onVoid: (() => void)[] = [];

  constructor(private readonly kv: Kv, private readonly gate: WriteGate) {
    this.#tx = {
      get: (key) => this.#get(key),
      range: (from, to, options) => this.#range(from, to, options),
      put: (key, value) => this.#put({ key, value }),
      remove: (key) => this.#put({ key, value: undefined }),
      onDurable: (run) => { this.#queued.onDurable.push(run); },
    };
  }

  /** Adds to each group, just before it is committed. */
  beforeCommit(run: (tx: Tx) => void): void {
    this.#beforeCommit.push(run);
  }

  onVoid(run: () => void): void {
    this.#onVoid.push(run);
  }

  /**
   * Decides at once and resolves when that is durable.
   * @throws StoreError; whatever `decide` throws
   */
  async write<T>(decide: (tx: Tx) => T): Promise<T> {
    const answer = this.#decide(decide);
    const group = this.#queued;
    await new Promise<void>((resolve, reject) => {
      group.resolve.push(resolve);
      group.reject.push(reject);
      this.#schedule();
    });
    return answer;
  }

  /**
   * Decides at once and goes along with the next commit, without asking for one: for what may be
   * lost without harm. Close waits for it.
   */
  writeAlong<T>(decide: (tx: Tx) => T): T {
    return this.#decide(decide);
  }

  /** Commits what goes along, if nothing else does. */
  flush(): void {
    if (this.#queued.writes.size > 0) this.#schedule();
  }

  /** Resolves when all that was decided has been committed or refused. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#schedule();
    while (this.#scheduled || this.#inFlight !== undefined) {
      await new Promise<void>((resolve) => { this.#idle.push(resolve); });
    }
  }

  #decide<T>(decide: (tx: Tx) => T): T {
    if (this.#closing) throw new StoreError('refused', 'closed', 0);
    this.gate.check();
    this.#undo = [];
    this.#undoDurable = this.#queued.onDurable.length;
    try {
      return decide(this.#tx);
    } catch (error) {
      for (const [key, before] of this.#undo.reverse()) {
        if (before === undefined) this.#queued.writes.delete(key);
        else this.#queued.writes.set(key, before);
      }
      this.#queued.onDurable.length = this.#undoDurable;
      throw error;
    }
  }

  #get(key: Key): Buffer | undefined {
    const write = this.#queued.writes.get(key) ?? this.#inFlight?.writes.get(key);
    return write === undefined ? this.kv.get(key) : write.value?.subarray(sumBytes);
  }

  #range(from: Key, to: Key, options: RangeOptions = {}): Pair[] {
    const changed = new Map<Key, KvWrite>();
    for (const group of [this.#inFlight, this.#queued]) {
      for (const [key, write] of group?.writes ?? []) {
        if (key >= from && key < to) changed.set(key, write);
      }
    }
    const limit = options.limit ?? Infinity;
    // At most so many kept pairs can turn out to be changed or taken away.
    const kept = this.kv.range(from, to, {
      ...options, ...(limit === Infinity ? {} : { limit: limit + changed.size }),
    });
    if (changed.size === 0) return kept;
    const pairs = kept.filter(([key]) => !changed.has(key));
    for (const { key, value } of changed.values()) {
      if (value !== undefined) pairs.push([key, value.subarray(sumBytes)]);
    }
    const direction = options.reverse === true ? -1 : 1;
    pairs.sort(([a], [b]) => a < b ? -direction : direction);
    return limit < pairs.length ? pairs.slice(0, limit) : pairs;
  }

  #put(write: KvWrite): void {
    this.#undo.push([write.key, this.#queued.writes.get(write.key)]);
    this.#queued.writes.set(write.key, write);
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight !== undefined) return;
    this.#scheduled = true;
    // After the turn's other calls, so that they share the commit.
    setImmediate(() => { void this.#commit(); });
  }

  async #commit(): Promise<void> {
    this.#scheduled = false;
    const group = this.#queued;
    try {
      this.gate.beforeCommit();
      for (const run of this.#beforeCommit) run(this.#tx);
    } catch (error) {
      this.#void(error instanceof StoreError ? error : new StoreError('refused', 'internal', 0,
        error));
      this.#wakeIdle();
      return;
    }
    this.#queued = emptyGroup();
    this.#inFlight = group;
    try {
      if (group.writes.size > 0) await this.kv.commit(group.writes.values());
    } catch (cause) {
      this.#inFlight = undefined;
      this.gate.commitFailed(cause);
      const unknown = new StoreError('unknown', 'commit_failed', 1_000, cause);
      for (const reject of group.reject) reject(unknown);
      this.#void(new StoreError('refused', 'commit_failed', 1_000, cause));
      this.#wakeIdle();
      return;
    }
    this.#inFlight = undefined;
    for (const run of group.onDurable) run();
    for (const resolve of group.resolve) resolve();
    if (this.#queued.resolve.length > 0 || (this.#closing && this.#queued.writes.size > 0)) {
      this.#schedule();
    }
    this.#wakeIdle();
  }

  /** Nothing of the queued group will happen. */
  #void(error: StoreError): void {
    const group = this.#queued;
    this.#queued = emptyGroup();
    for (const run of this.#onVoid) run();
    for (const reject of group.reject) reject(error);
  }

  #wakeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
