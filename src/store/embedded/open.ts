import { mkdirSync } from 'node:fs';
import type { Clock } from '../../base/clock.js';
import type { IdSource } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type { Logger } from '../../base/log.js';
import type { DeliveryHandler } from '../feeds.js';
import { StoreError } from '../rooms.js';
import type { Durability, Store } from '../store.js';
import { Committer } from './committer.js';
import { Expiry } from './expiry.js';
import { checkWhole } from './damage.js';
import { Fence, freeShareOf, type FreeShare } from './fence.js';
import { EmbeddedFeeds } from './feeds.js';
import { lockFolder } from './folder-lock.js';
import type { Kv } from './kv.js';
import { LmdbKv } from './kv-lmdb.js';
import { MemoryKv } from './kv-memory.js';
import { Outbox } from './outbox.js';
import { EmbeddedRooms } from './rooms.js';
import { checkSchema } from './schema.js';
import { EmbeddedTables } from './tables.js';
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

const diskDurability: Durability = {
  level: 'fsync',
  detail: 'LMDB, each commit synced to disk before it is acknowledged',
  warnings: [],
};

/**
 * Opens the store of a single process.
 * @throws Error naming the folder: another process has it open, its schema is newer than this
 *   program, or it is damaged
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<Store> {
  const { path } = options;
  if (path === undefined) {
    return assemble(options, new MemoryKv(), memoryDurability, options.freeShare ?? (() => 1));
  }
  const kv = await openFolder(path);
  return assemble(options, kv, diskDurability, options.freeShare ?? freeShareOf(path));
}

/** A data folder for this process alone. @throws Error as {@link openEmbeddedStore} */
export async function openFolder(folder: string): Promise<Kv> {
  mkdirSync(folder, { recursive: true });
  checkWhole(folder);
  const kv = await LmdbKv.open(folder);
  let unlock = (): void => {};
  try {
    unlock = lockFolder(folder, (run) => { kv.root.transactionSync(run); });
    await checkSchema(kv, folder);
  } catch (error) {
    unlock();
    await kv.close();
    throw error instanceof StoreError
      ? new Error(`the store in ${folder} is damaged`, { cause: error }) : error;
  }
  return {
    get: (key) => kv.get(key),
    range: (from, to, range) => kv.range(from, to, range),
    commit: (writes) => kv.commit(writes),
    async close() {
      await kv.close();
      unlock();
    },
  };
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
    rooms, feeds, users, tables: new EmbeddedTables(kv, committer),
    durability: async () => durability,
    health: () => fence.health,
    async close() {
      expiry.stop();
      if (fence.health.writable) {
        committer.writeAlong((tx) => { while (rooms.clearRested(tx, 0)); });
      }
      await committer.close();
      await kv.close();
    },
  };
}
