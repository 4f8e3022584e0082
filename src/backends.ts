import type { OpenBackend } from './backend.js';
import { embeddedBackend } from './backend-embedded.js';
import { redisBackend } from './backend-redis.js';
import type { Settings } from './config.js';

/** What the settings have the server stand on. */
export function backendOf(settings: Pick<Settings, 'data' | 'redis'>): OpenBackend {
  if (settings.redis.length > 0) return redisBackend(settings.redis);
  return embeddedBackend(settings.data);
}
