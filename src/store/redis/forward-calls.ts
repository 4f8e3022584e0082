import type { Clock } from '../../base/clock.js';
import { StoreError } from '../../base/fault.js';
import type { IdSource, UserKey } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type { ForwardItem, ForwardResult } from '../feeds.js';
import { Batcher, type Outcome } from './batcher.js';
import { write } from './bytes.js';
import { packItem, type Item } from './publication.js';
import { scripts } from './scripts.js';
import { listOf, numberOf, type ShardCalls } from './shard-calls.js';

const epochBytes = 8;
const movedAttempts = 8;
const movedRetryMs = 25;

/** What can be forwarded: items of rooms, and events that belong to none. */
export type AnyItem = Item & Pick<ForwardItem, 'users'>;

interface Target {
  readonly index: number;
  readonly user: UserKey;
  readonly since: number;
}

/** What one call of `forward` has for one shard. */
interface Part {
  readonly shard: string;
  readonly items: readonly { readonly bytes: Buffer; readonly item: number; users: Target[] }[];
}

interface Refused {
  readonly item: number;
  readonly target: Target;
  /** 0: its slot moved. */
  readonly next: number;
}

export interface ForwardParts {
  readonly calls: ShardCalls;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Brings items to the shards of their users, one part a shard, group-committed there. */
export class ForwardCalls {
  readonly #parts: ForwardParts;
  readonly #batcher: Batcher<Part, readonly Refused[]>;
  #n = 0;

  constructor(parts: ForwardParts) {
    this.#parts = parts;
    this.#batcher = new Batcher({
      route: ({ shard }) => shard,
      // Order is kept by the feeds themselves: an item that comes too early is told so.
      keyOf: () => String(++this.#n),
      sizeOf: ({ items }) => items.reduce(
        (sum, { bytes, users }) => sum + bytes.length + users.length * 48, 0),
      run: (shard, units) => this.#run(shard, units),
      refresh: () => parts.calls.port.refresh(),
      monotonic: () => parts.clock.monotonic(),
      after: (delayMs, run) => parts.clock.after(delayMs, run),
    });
  }

  async forward(items: readonly AnyItem[]): Promise<ForwardResult[]> {
    const results = items.map(() => ({
      behind: [] as { user: UserKey; next: number }[], away: new Set<string>(),
    }));
    const bytes = items.map((item) => packItem(write.start(), item).end());
    let open: { item: number; target: Target }[] = items.flatMap(({ users }, item) =>
      users.map(({ user, since }, index) => ({ item, target: { index, user, since } })));
    for (let attempt = 1; open.length > 0; attempt++) {
      const again: typeof open = [];
      await Promise.all(this.#split(open, bytes).map(async (part) => {
        try {
          for (const { item, target, next } of await this.#batcher.submit(part)) {
            if (next === 0) again.push({ item, target });
            else results[item]?.behind.push({ user: target.user, next });
          }
        } catch (cause) {
          // A fault of this node or its own is not the shard's being away.
          if (!(cause instanceof StoreError)) throw cause;
          if (cause.reason === 'fenced') throw cause;
          for (const { item } of part.items) results[item]?.away.add(part.shard);
        }
      }));
      open = again;
      if (open.length > 0) await this.#refresh(attempt);
    }
    return results.map(({ behind, away }) => ({ behind, away: [...away] }));
  }

  async #refresh(attempt: number): Promise<void> {
    if (attempt >= movedAttempts) throw new StoreError('unknown', 'slot_moving', 200);
    if (attempt > 1) {
      await new Promise<void>((resolve) => {
        this.#parts.clock.after(movedRetryMs * attempt, resolve);
      });
    }
    await this.#parts.calls.port.refresh();
  }

  #split(open: readonly { item: number; target: Target }[], bytes: readonly Buffer[]): Part[] {
    const { port } = this.#parts.calls;
    const byShard = new Map<string, { bytes: Buffer; item: number; users: Target[] }[]>();
    for (const { item, target } of open) {
      const { shard } = port.owner(port.slotOf(target.user));
      let list = byShard.get(shard);
      if (list === undefined) byShard.set(shard, list = []);
      const last = list.at(-1);
      if (last?.item === item) last.users.push(target);
      else list.push({ bytes: bytes[item] ?? Buffer.alloc(0), item, users: [target] });
    }
    return [...byShard].map(([shard, items]) => ({ shard, items }));
  }

  async #run(
    shard: string, units: readonly Part[],
  ): Promise<Outcome<readonly Refused[]>[]> {
    const { calls: { port }, limits, clock, ids } = this.#parts;
    const args: (string | Buffer)[] = [
      port.fence(shard),
      write.start().u32(limits.feedEntries).u48(limits.feedAgeMs).u48(clock.now())
        .rest(ids(epochBytes)).end(),
    ];
    for (const { items } of units) {
      for (const { bytes, users } of items) {
        write.start();
        for (const { user, since } of users) {
          const slot = port.slotOf(user);
          write.u16(slot).u32(port.owner(slot).version).u32(since).text(user);
        }
        args.push(bytes, write.end());
      }
    }
    const replies = listOf(await port.run(shard, scripts.forward, args));
    let at = 0;
    return units.map(({ items }) => {
      const refused: Refused[] = [];
      for (const { item, users } of items) {
        const flat = listOf(replies[at++]);
        for (let i = 0; i + 1 < flat.length; i += 2) {
          const target = users[numberOf(flat[i])];
          if (target !== undefined) refused.push({ item, target, next: numberOf(flat[i + 1]) });
        }
      }
      return { done: refused };
    });
  }
}
