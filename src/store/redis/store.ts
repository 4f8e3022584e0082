import type { Clock } from '../../base/clock.js';
import type { IdSource } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type { ShardPort } from '../../cluster/shard-port.js';
import type { Store, StoreHealth } from '../store.js';
import { readDurability } from './durability.js';
import { RedisFeeds } from './feeds.js';
import { RedisRooms } from './rooms.js';
import { ShardCalls } from './shard-calls.js';
import { RedisTables } from './tables.js';
import { RedisUsers } from './users.js';

export interface RedisStoreOptions {
  /** The ring and its connections; they are the caller's to close. */
  readonly port: ShardPort;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/**
 * The store of many nodes, on a ring of Redis shards. Feed items reach this node as publications
 * on its own channel, which `decodeDeliveries` reads: the store hands on nothing itself.
 */
export function openRedisStore(options: RedisStoreOptions): Store {
  const { port, limits, clock, ids } = options;
  const calls = new ShardCalls(port, (delayMs, run) => clock.after(delayMs, run));
  const rooms = new RedisRooms({ calls, limits, clock, ids });
  const feeds = new RedisFeeds({ calls, limits, clock, ids });
  const users = new RedisUsers({ calls, clock });
  return {
    rooms, feeds, users, tables: new RedisTables(calls),
    durability: () => readDurability(port),
    health: () => healthOf(port),
    close: () => Promise.resolve(),
  };
}

/** One shard away refuses its own rooms and users only: the node is of use while one answers. */
function healthOf(port: ShardPort): StoreHealth {
  return port.shards.some((shard) => port.reachable(shard))
    ? { writable: true } : { writable: false, reason: 'shard_unreachable' };
}
