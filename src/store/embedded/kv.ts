/**
 * Bytes as text, one character a byte (latin1): comparing such keys compares their bytes, and
 * they cost the garbage collector far less than as many small buffers.
 */
export type Key = string;

/** A key and its value; values are never changed once handed over. */
export type Pair = readonly [key: Key, value: Buffer];

/** Bytes at the front of a value to be written that belong to the {@link Kv}: for its sum. */
export const sumBytes = 4;

/** One change of a commit: a value to keep under a key, or undefined to take the key away. */
export interface KvWrite {
  readonly key: Key;
  /** Its first {@link sumBytes} bytes are free; reading answers what is behind them. */
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
  get(key: Key): Buffer | undefined;
  /** Pairs with from ≤ key < to, ascending or, with `reverse`, descending. */
  range(from: Key, to: Key, options?: RangeOptions): Pair[];
  /** One at a time: the caller waits for one commit before it begins the next. */
  commit(writes: Iterable<KvWrite>): Promise<void>;
  close(): Promise<void>;
}

/** The smallest key above every key that begins with these bytes. */
export function prefixEnd(prefix: Key): Key {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at);
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1);
  }
  throw new RangeError('a prefix of 0xff bytes has no end');
}
