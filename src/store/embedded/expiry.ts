import type { Clock } from '../../base/clock.js';
import { ByteReader, write } from './codec.js';
import type { Committer, Tx } from './committer.js';
import { expiredRange, expiryKey, garbageOf, tagRange } from './keys.js';
import { prefixEnd, type Key } from './kv.js';

const batchesAtOnce = 8;
const leavingsAtOnce = 512;
const tickMs = 1_000;
const busyTickMs = 20;

/**
 * Takes away what has expired: call keys, revoked tokens, what purged rooms left. Values that
 * expire begin with the wall-clock time at which they do. Each commit notes its expiring keys
 * under that time, so that nothing ever scans for them.
 */
export class Expiry {
  #noted: Key[] = [];
  #notedUntil = 0;
  #n = 0;
  #cancel: () => void = () => {};
  #stopped = false;
  readonly #more: ((tx: Tx, nowMs: number) => boolean)[] = [];

  constructor(private readonly committer: Committer, private readonly clock: Clock) {
    committer.beforeCommit((tx) => this.#writeNotes(tx));
    committer.onVoid(() => { this.#noted = []; });
  }

  /** A value that expires was put in the decision that runs now. */
  note(key: Key, expiresAt: number): void {
    this.#noted.push(key);
    this.#notedUntil = Math.max(this.#notedUntil, expiresAt);
  }

  /** Further work of each sweep; answers whether there is more to do at once. */
  also(run: (tx: Tx, nowMs: number) => boolean): void {
    this.#more.push(run);
  }

  start(): void {
    this.#cancel = this.clock.after(tickMs, () => { void this.#tick(); });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** One sweep; answers whether there is more to do. */
  sweep(): boolean {
    const nowMs = this.clock.now();
    return this.committer.writeAlong((tx) => {
      let more = sweepExpired(tx, nowMs);
      more = sweepLeavings(tx) || more;
      for (const run of this.#more) more = run(tx, nowMs) || more;
      return more;
    });
  }

  async #tick(): Promise<void> {
    let more = false;
    try {
      more = this.sweep();
    } catch {
      // Fenced: what has expired waits until writing goes on.
    }
    this.committer.flush();
    if (this.#stopped) return;
    this.#cancel = this.clock.after(more ? busyTickMs : tickMs, () => { void this.#tick(); });
  }

  #writeNotes(tx: Tx): void {
    if (this.#noted.length === 0) return;
    let key = expiryKey(this.#notedUntil, this.#n++);
    while (tx.get(key) !== undefined) key = expiryKey(this.#notedUntil, this.#n++);
    write.start();
    for (const noted of this.#noted) write.text(noted);
    tx.put(key, write.end());
    this.#noted = [];
    this.#notedUntil = 0;
  }
}

function sweepExpired(tx: Tx, nowMs: number): boolean {
  const batches = tx.range(...expiredRange(nowMs), { limit: batchesAtOnce });
  for (const [key, value] of batches) {
    const keys = new ByteReader(value, 'list of expiring keys');
    while (!keys.ended) {
      const expiring = keys.text();
      const bytes = tx.get(expiring);
      // The key may have been used anew since: then it stands in a later list too.
      if (bytes !== undefined && new ByteReader(bytes, 'expiring value').number() <= nowMs) {
        tx.remove(expiring);
      }
    }
    tx.remove(key);
  }
  return batches.length === batchesAtOnce;
}

function sweepLeavings(tx: Tx): boolean {
  const [purged] = tx.range(...tagRange('g'), { limit: 1 });
  if (purged === undefined) return false;
  const prefix = garbageOf(purged[0]);
  const left = tx.range(prefix, prefixEnd(prefix), { limit: leavingsAtOnce });
  for (const [key] of left) tx.remove(key);
  if (left.length < leavingsAtOnce) tx.remove(purged[0]);
  return true;
}
