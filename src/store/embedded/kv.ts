/** A key and its value; both are never changed once handed over. */
export type Pair = readonly [key: Buffer, value: Buffer];

/** One change of a commit: a value to keep under a key, or undefined to take the key away. */
export interface KvWrite {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

export interface RangeOptions {
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * What the embedded store stands on: keys in the order of their bytes.
 *
 * Guarantee: {@link commit} is atomic and durable when it resolves; reads show committed state
 * only, and within one turn of the event loop the same state to all of them. A value that is not
 * what was written is never answered: reading it throws StoreError `corrupted`.
 */
export interface Kv {
  get(key: Buffer): Buffer | undefined;
  /** Pairs with from ≤ key < to, ascending or, with `reverse`, descending. */
  range(from: Buffer, to: Buffer, options?: RangeOptions): Pair[];
  /** One at a time: the caller waits for one commit before it begins the next. */
  commit(writes: Iterable<KvWrite>): Promise<void>;
  close(): Promise<void>;
}

/** The smallest key above every key that begins with these bytes. */
export function prefixEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0xff;
    if (byte === 0xff) continue;
    end[at] = byte + 1;
    return end.subarray(0, at + 1);
  }
  throw new RangeError('a prefix of 0xff bytes has no end');
}
