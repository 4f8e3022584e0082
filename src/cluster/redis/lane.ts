import { StoreError } from '../../base/fault.js';
import type { Reply, Script } from '../shard-port.js';
import { listOf } from './replies.js';
import type { RedisShards } from './shards.js';

/** One item of a call: for a key, with what its script wants beside slot, version and key. */
export interface LaneItem {
  readonly key: string;
  /** Arguments before the slot, and after the key. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

interface Waiting {
  readonly item: LaneItem;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
}

export interface LaneOptions {
  readonly shards: RedisShards;
  readonly script: Script;
  /** Whether the script writes and is held to this node's incarnation (G7). */
  readonly fenced: boolean;
  /** Arguments before the first item. */
  readonly head?: readonly string[];
}

const maxBatch = 200;
const maxTries = 3;
const moved = Buffer.from('moved');

/**
 * Calls of one script, grouped by shard: what arrives for a shard while a call is in flight there
 * goes into the next one. One in flight a shard, so that no item overtakes another of its key;
 * what answers MOVED goes again to the shard that has it now, before anything newer (trap 3).
 */
export class ItemLane {
  readonly #options: LaneOptions;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #busy = new Set<string>();

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** @throws StoreError as the shard's; refused `moved` when the slot is on its way */
  submit(item: LaneItem): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ item, resolve, reject, tries: 0 }, false);
    });
  }

  /** @throws StoreError of the first that fails */
  all(items: readonly LaneItem[]): Promise<Reply[]> {
    return Promise.all(items.map((item) => this.submit(item)));
  }

  #enqueue(waiting: Waiting, first: boolean): void {
    let shard: string;
    try {
      shard = this.#options.shards.shardOf(waiting.item.key);
    } catch (error) {
      waiting.reject(error);
      return;
    }
    let queue = this.#queues.get(shard);
    if (queue === undefined) this.#queues.set(shard, queue = []);
    if (first) queue.unshift(waiting);
    else queue.push(waiting);
    if (this.#busy.has(shard)) return;
    this.#busy.add(shard);
    // In the next turn of the microtasks, so that what comes in one turn goes in one call.
    queueMicrotask(() => void this.#drain(shard));
  }

  async #drain(shard: string): Promise<void> {
    for (;;) {
      const batch = this.#queues.get(shard)?.splice(0, maxBatch) ?? [];
      if (batch.length === 0) break;
      await this.#send(shard, batch);
    }
    this.#busy.delete(shard);
  }

  async #send(shard: string, batch: readonly Waiting[]): Promise<void> {
    const { shards, script, fenced, head = [] } = this.#options;
    let replies: Reply[];
    try {
      const args: (string | number)[] = [fenced ? shards.fence(shard) : '-', ...head];
      for (const { item } of batch) {
        const slot = shards.slotOf(item.key);
        args.push(...item.before ?? [], slot, shards.owner(slot).version, item.key);
        if (item.after !== undefined) args.push(...item.after);
      }
      replies = listOf(await shards.run(shard, script, args));
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    const again: Waiting[] = [];
    batch.forEach((waiting, i) => {
      const reply = replies[i] ?? null;
      if (Buffer.isBuffer(reply) && reply.equals(moved)) again.push(waiting);
      else waiting.resolve(reply);
    });
    if (again.length > 0) await this.#again(again);
  }

  async #again(batch: readonly Waiting[]): Promise<void> {
    await this.#options.shards.refresh().catch(() => undefined);
    for (const waiting of [...batch].reverse()) {
      waiting.tries += 1;
      if (waiting.tries < maxTries) this.#enqueue(waiting, true);
      else waiting.reject(new StoreError('refused', 'moved', 200));
    }
  }
}
