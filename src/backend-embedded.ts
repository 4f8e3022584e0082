import { idOf, tenantOf, userKey } from './base/ids.js';
import type { Backend, BackendParts, OpenBackend } from './backend.js';
import { blankProfile } from './chat/admission.js';
import { LocalBus } from './cluster/local/bus.js';
import { LocalDirectory, type DirectoryUsers } from './cluster/local/directory.js';
import { LocalMembership } from './cluster/local/membership.js';
import type { ShardInfo } from './cluster/membership.js';
import { openEmbeddedStore } from './store/embedded/open.js';
import type { Store } from './store/store.js';
import type { UserStore } from './store/users.js';

/** What the directory reads of the users, and where it leaves when they were last seen. */
const directoryUsers = (users: UserStore): DirectoryUsers => ({
  many: (keys) => users.many(keys),
  tokenRevoked: (user, tokenId) => users.tokenRevoked(tenantOf(user), tokenId),
  async seen(user, at) {
    await users.update(user, (before) => ({ ...before ?? blankProfile(idOf(user)), lastSeen: at }));
  },
});

/** One process, with everything in one folder, or in memory. */
export const embeddedBackend = (path: string | undefined): OpenBackend =>
  async (parts: BackendParts): Promise<Backend> => {
    const { limits, clock, ids, log, handlers } = parts;
    const store: Store = await openEmbeddedStore({
      limits, clock, ids, log, onDelivery: handlers.delivery,
      ...(path !== undefined && { path }),
    });
    const { level } = await store.durability();
    const shard = (): ShardInfo =>
      ({ shard: 'embedded', reachable: store.health().writable, durability: level });
    const directory = new LocalDirectory({
      users: directoryUsers(store.users), clock, graceMs: limits.presenceGraceMs,
      maxConnectionsPerUser: limits.maxConnectionsPerUser, changed: handlers.presence,
      failed: (error) => log.warn({ err: error }, 'when a user was last seen could not be kept'),
    });
    return {
      store,
      directory,
      bus: new LocalBus(handlers.bus),
      membership: new LocalMembership({
        node: parts.node, startedAt: clock.now(), url: parts.url, shard,
      }),
      canaries: () => [{ shard: 'embedded', user: userKey('', 'canary') }],
      async close() {
        await directory.close();
        await store.close();
      },
    };
  };
