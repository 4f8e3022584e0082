import type { Backend, BackendParts, OpenBackend } from './backend.js';
import { userKey } from './base/ids.js';
import { feedPublication } from './cluster/keys.js';
import { openCluster } from './cluster/redis/open.js';
import { splitShards } from './cluster/shard-address.js';
import { decodeDeliveries } from './store/redis/publication.js';
import { openRedisStore } from './store/redis/store.js';

/**
 * A ring of shards: this process is one node of as many as there are.
 * @param shards `URL` or `NAME=URL` each, the same set on every node
 */
export const redisBackend = (shards: readonly string[]): OpenBackend =>
  async (parts: BackendParts): Promise<Backend> => {
    const { limits, clock, ids, log, node, url, handlers } = parts;
    const cluster = await openCluster({
      // A setting is split at every comma; the hosts of a Sentinel have some of their own.
      shards: splitShards(shards.join(',')),
      node, publicUrl: url, limits, clock, ids, log,
      bus: handlers.bus, presence: handlers.presence, membership: handlers.membership,
      refused: handlers.refused, returned: handlers.returned,
    });
    cluster.onPublication(feedPublication, (body) => handlers.delivery(decodeDeliveries(body)));
    const store = openRedisStore({ port: cluster.shards, limits, clock, ids });
    return {
      store,
      directory: cluster.directory,
      bus: cluster.bus,
      membership: cluster.membership,
      canaries: () => cluster.shards.shards.map((shard) => {
        for (let i = 0; ; i++) {
          const user = userKey('', `canary-${i}`);
          if (cluster.shards.shardOf(user) === shard) return { shard, user };
        }
      }),
      async close() {
        await store.close();
        await cluster.close();
      },
    };
  };
