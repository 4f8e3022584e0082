import type { OpenBackend } from './backend.js';
import { embeddedBackend } from './backend-embedded.js';

/**
 * What a server stands on: shards where they are named, else the embedded store.
 * @param data its folder; false keeps everything in memory
 */
export const backendOf = (data: string | false, shards: readonly string[]): OpenBackend =>
  shards.length === 0
    ? embeddedBackend(data === false ? undefined : data)
    // Redis clients are loaded by those only who use them: a quick start, and less memory.
    : async (parts) => (await import('./backend-redis.js')).redisBackend(shards)(parts);
