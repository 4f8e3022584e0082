import { open, type RootDatabase } from 'lmdb';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { StoreError } from '../rooms.js';
import type { Kv, KvWrite, Pair, RangeOptions } from './kv.js';

const sumBytes = 4;

/** A cheap hash of a key, so that a value found under another key does not pass. */
function seedOf(key: Uint8Array): number {
  let seed = 0x811c9dc5;
  for (const byte of key) seed = Math.imul(seed ^ byte, 0x01000193);
  return seed >>> 0;
}

/** LMDB's own complaint about a page that can't be: damage as well, and told as such. */
const unreadable = (error: unknown): StoreError =>
  error instanceof StoreError ? error : new StoreError('refused', 'corrupted', 0, error);

/**
 * Keys and values on disk. Each value carries a sum over itself and its key: what a disk or a
 * stray write changed is refused, not served.
 *
 * LMDB is opened with `overlappingSync: false`: a commit writes its pages, syncs them, then
 * writes the new root through a descriptor that syncs (mdb.c, mdb_txn_commit and
 * mdb_env_write_meta), and only then becomes visible to readers. So visible means durable, and a
 * resolved commit is one (G1).
 */
export class LmdbKv implements Kv {
  private constructor(
    readonly root: RootDatabase<Buffer, Buffer>, private readonly hash: XXHashAPI,
  ) {}

  /** @param readOnly for looking at a store that a server may have open */
  static async open(folder: string, readOnly = false): Promise<LmdbKv> {
    const hash = await xxhash();
    const root = open<Buffer, Buffer>({
      path: folder, keyEncoding: 'binary', encoding: 'binary', overlappingSync: false,
      eventTurnBatching: false, cache: false, readOnly,
    });
    return new LmdbKv(root, hash);
  }

  get(key: Buffer): Buffer | undefined {
    try {
      const bytes = this.root.getBinary(key);
      return bytes === undefined ? undefined : this.#checked(key, bytes);
    } catch (error) {
      throw unreadable(error);
    }
  }

  range(from: Buffer, to: Buffer, options: RangeOptions = {}): Pair[] {
    if (Buffer.compare(from, to) >= 0) return [];
    try {
      return this.#range(from, to, options);
    } catch (error) {
      throw unreadable(error);
    }
  }

  #range(from: Buffer, to: Buffer, { reverse = false, limit }: RangeOptions): Pair[] {
    const pairs: Pair[] = [];
    const options = reverse
      ? { start: to, exclusiveStart: true, end: from, inclusiveEnd: true, reverse }
      : { start: from, end: to };
    const bounded = limit === undefined ? options : { ...options, limit };
    for (const { key, value } of this.root.getRange(bounded)) {
      pairs.push([key, this.#checked(key, value)]);
    }
    return pairs;
  }

  async commit(writes: Iterable<KvWrite>): Promise<void> {
    try {
      const done = await this.root.batch(() => {
        for (const { key, value } of writes) {
          if (value === undefined) void this.root.remove(key);
          else void this.root.put(key, this.#summed(key, value));
        }
      });
      if (!done) throw new Error('LMDB did not run the batch');
    } catch (error) {
      // lmdb tells the reason by a promise on the error, which nobody else waits for.
      if (error instanceof Error && 'commitError' in error) {
        await Promise.resolve(error.commitError).catch((cause: unknown) => {
          error.cause = cause;
        });
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  #summed(key: Buffer, value: Buffer): Buffer {
    const bytes = Buffer.allocUnsafe(sumBytes + value.length);
    bytes.writeUInt32LE(this.hash.h32Raw(value, seedOf(key)), 0);
    value.copy(bytes, sumBytes);
    return bytes;
  }

  #checked(key: Buffer, bytes: Buffer): Buffer {
    const value = bytes.subarray(sumBytes);
    if (bytes.length >= sumBytes
      && bytes.readUInt32LE(0) === this.hash.h32Raw(value, seedOf(key))) {
      return value;
    }
    throw new StoreError('refused', 'corrupted', 0, new Error(
      `the value under ${JSON.stringify(key.toString('latin1'))} is not what was written: `
      + 'the disk or the file is damaged'));
  }
}
