import { open, type RootDatabase } from 'lmdb';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { StoreError } from '../rooms.js';
import { sumBytes, type Key, type Kv, type KvWrite, type Pair, type RangeOptions } from './kv.js';

/** Keys go to LMDB byte for byte. */
const keyEncoder = {
  writeKey: (key: Key, target: Buffer, at: number): number =>
    at + target.write(key, at, key.length, 'latin1'),
  readKey: (target: Buffer, from: number, to: number): Key => target.toString('latin1', from, to),
};

/** A cheap hash of a key, so that a value found under another key does not pass. */
function seedOf(key: Key): number {
  let seed = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) {
    seed = Math.imul(seed ^ key.charCodeAt(at), 0x01000193);
  }
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
    readonly root: RootDatabase<Buffer, Key>, private readonly hash: XXHashAPI,
  ) {}

  /** @param readOnly for looking at a store that a server may have open */
  static async open(folder: string, readOnly = false): Promise<LmdbKv> {
    const hash = await xxhash();
    const root = open<Buffer, Key>({
      // Without noSubdir a folder whose name has a dot would be taken for a file.
      path: folder, noSubdir: false, keyEncoder, encoding: 'binary', overlappingSync: false,
      eventTurnBatching: false, cache: false, readOnly,
    });
    return new LmdbKv(root, hash);
  }

  get(key: Key): Buffer | undefined {
    try {
      const bytes = this.root.getBinary(key);
      return bytes === undefined ? undefined : this.#checked(key, bytes);
    } catch (error) {
      throw unreadable(error);
    }
  }

  range(from: Key, to: Key, options: RangeOptions = {}): Pair[] {
    if (from >= to) return [];
    try {
      return this.#range(from, to, options);
    } catch (error) {
      throw unreadable(error);
    }
  }

  #range(from: Key, to: Key, { reverse = false, limit }: RangeOptions): Pair[] {
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

  #summed(key: Key, value: Buffer): Buffer {
    value.writeUInt32LE(this.hash.h32Raw(value.subarray(sumBytes), seedOf(key)), 0);
    return value;
  }

  #checked(key: Key, bytes: Buffer): Buffer {
    const value = bytes.subarray(sumBytes);
    if (bytes.length >= sumBytes
      && bytes.readUInt32LE(0) === this.hash.h32Raw(value, seedOf(key))) {
      return value;
    }
    throw new StoreError('refused', 'corrupted', 0, new Error(
      `the value under ${JSON.stringify(key)} is not what was written: `
      + 'the disk or the file is damaged'));
  }
}
