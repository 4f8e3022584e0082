import { sumBytes, type Key, type Kv, type KvWrite, type Pair, type RangeOptions } from './kv.js';

/** Keys a chunk holds before it is cut in two: small enough to insert into cheaply. */
const chunkKeys = 512;

interface Chunk {
  readonly keys: Key[];
  readonly values: Buffer[];
}

/** First index whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keeps nothing beyond the process: for tests, and for servers that are told to forget. */
export class MemoryKv implements Kv {
  #chunks: Chunk[] = [{ keys: [], values: [] }];

  get(key: Key): Buffer | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const at = lowerBound(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at]?.subarray(sumBytes) : undefined;
  }

  range(low: Key, high: Key, options: RangeOptions = {}): Pair[] {
    const limit = options.limit ?? Infinity;
    const pairs: Pair[] = [];
    if (low >= high) return pairs;
    const step = options.reverse === true ? -1 : 1;
    let index = this.#chunkOf(step === 1 ? low : high);
    let chunk = this.#chunks[index];
    let at = chunk === undefined ? 0
      : step === 1 ? lowerBound(chunk.keys, low) : lowerBound(chunk.keys, high) - 1;
    while (chunk !== undefined && pairs.length < limit) {
      const key = chunk.keys[at];
      const value = chunk.values[at];
      if (key === undefined || value === undefined) {
        chunk = this.#chunks[index += step];
        at = step === 1 ? 0 : (chunk?.keys.length ?? 0) - 1;
        continue;
      }
      if (key < low || key >= high) break;
      pairs.push([key, value.subarray(sumBytes)]);
      at += step;
    }
    return pairs;
  }

  async commit(writes: Iterable<KvWrite>): Promise<void> {
    const list = [...writes];
    // As with a disk nothing shows before a turn has passed, so that tests meet the same order.
    await new Promise<void>((resolve) => { setImmediate(resolve); });
    for (const { key, value } of list) {
      if (value === undefined) this.#remove(key);
      else this.#put(key, value);
    }
  }

  async close(): Promise<void> {
    this.#chunks = [{ keys: [], values: [] }];
  }

  /** The last chunk whose first key is not above `key`. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#chunks[middle]?.keys[0] ?? '') <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #put(key: string, value: Buffer): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.values[at] = value;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    if (chunk.keys.length <= chunkKeys) return;
    const half = chunkKeys >>> 1;
    this.#chunks.splice(index + 1, 0, {
      keys: chunk.keys.splice(half), values: chunk.values.splice(half),
    });
  }

  #remove(key: string): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] !== key) return;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(index, 1);
  }
}
