import type { OpenBackend } from './backend.js';
import { embeddedBackend } from './backend-embedded.js';
import { SettingsError, type Settings } from './config.js';

/** What the settings have the server stand on. */
export function backendOf(settings: Pick<Settings, 'data' | 'redis'>): OpenBackend {
  if (settings.redis.length > 0) throw new SettingsError('--redis: shards cannot be used yet');
  return embeddedBackend(settings.data);
}
