import type { Backend, BackendParts, OpenBackend } from './backend.js';
import { feedPublication } from './cluster/keys.js';
import { openCluster } from './cluster/redis/open.js';
import { splitShards } from './cluster/redis-client.js';
import { decodeDeliveries } from './store/redis/publication.js';
import { openRedisStore } from './store/redis/store.js';

/**
 * A ring of Redis shards, with as many nodes as there are.
 * @param list `URL` or `name=URL` each, the same set on every node
 */
export const redisBackend = (list: readonly string[]): OpenBackend =>
  async (parts: BackendParts): Promise<Backend> => {
    const { limits, clock, ids, log, handlers } = parts;
    const cluster = await openCluster({
      // A setting is split at every comma; the hosts of a Sentinel have some of their own.
      shards: splitShards(list.join(',')),
      node: parts.node, publicUrl: orNone(parts.url), limits, clock, ids, log,
      bus: handlers.bus, presence: handlers.presence, membership: handlers.membership,
      // Blocks and revocations close the session themselves, by their log.
      refused: (_user, session, why) => log.info({ session, why }, 'not taken back by its shard'),
    });
    const store = openRedisStore({ port: cluster.shards, limits, clock, ids });
    cluster.onPublication(feedPublication, (body) => {
      handlers.delivery(decodeDeliveries(body));
    });
    return {
      store,
      directory: cluster.directory,
      bus: cluster.bus,
      membership: cluster.membership,
      async close() {
        await store.close();
        await cluster.close();
      },
    };
  };

/** The backend is opened before the server listens: until then there is no URL to tell. */
const orNone = (url: () => string) => (): string => {
  try {
    return url();
  } catch {
    return '';
  }
};
