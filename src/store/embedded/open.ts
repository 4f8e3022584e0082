import type { Clock } from '../../base/clock.js';
import type { IdSource } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type { Logger } from '../../base/log.js';
import type { DeliveryHandler } from '../feeds.js';
import type { Durability, Store } from '../store.js';
import { Committer } from './committer.js';
import { Expiry } from './expiry.js';
import { Fence, type FreeShare } from './fence.js';
import { EmbeddedFeeds } from './feeds.js';
import type { Kv } from './kv.js';
import { MemoryKv } from './kv-memory.js';
import { Outbox } from './outbox.js';
import { EmbeddedRooms } from './rooms.js';
import { EmbeddedUsers } from './users.js';

/** Rooms and feeds that the writing side keeps at hand: some 20 MB when full. */
const defaultRemembered = 20_000;

export interface EmbeddedOptions {
  /** Folder of the data, made where it is missing; absent: kept in memory only. */
  readonly path?: string;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** Called with what is to be delivered, durable by then, in the order of each feed. */
  readonly onDelivery: DeliveryHandler;
  /** Rooms and feeds remembered by the writing side; a memory bound, not a limit. */
  readonly remembered?: number;
  /** Free share of the disk; the operating system's answer where absent. */
  readonly freeShare?: FreeShare;
}

const memoryDurability: Durability = {
  level: 'memory',
  detail: 'kept in memory only: everything is lost when the process ends',
  warnings: ['nothing is written to disk'],
};

/**
 * Opens the store of a single process.
 * @throws Error naming the folder: another process has it open, its schema is newer than this
 *   program, or it is damaged
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<Store> {
  return assemble(options, new MemoryKv(), memoryDurability, options.freeShare ?? (() => 1));
}

function assemble(
  options: EmbeddedOptions, kv: Kv, durability: Durability, freeShare: FreeShare,
): Store {
  const { limits, clock, ids, log, onDelivery } = options;
  const remembered = options.remembered ?? defaultRemembered;
  const fence = new Fence(freeShare, clock, log);
  const committer = new Committer(kv, fence);
  const expiry = new Expiry(committer, clock);
  const outbox = new Outbox(kv, clock);
  const rooms = new EmbeddedRooms({
    kv, committer, outbox, expiry, limits, clock, ids, rememberedRooms: remembered,
  });
  const feeds = new EmbeddedFeeds({
    kv, committer, limits, clock, ids, onDelivery, rememberedFeeds: remembered,
  });
  const users = new EmbeddedUsers({ kv, committer, expiry, clock });
  expiry.start();
  return {
    rooms, feeds, users,
    durability: async () => durability,
    health: () => fence.health,
    async close() {
      expiry.stop();
      await committer.close();
      await kv.close();
    },
  };
}
