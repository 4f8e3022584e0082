import { readFileSync } from 'node:fs';
import type { Alerts } from './base/alerts.js';
import type { Logger } from './base/log.js';
import { presets, type Policy } from './chat/access/policy.js';
import { SettingsError, type Settings } from './config.js';
import type { ApiKeyOption, ServerOptions } from './options.js';

/** `USER:KEY` or `USER:ROLE:KEY`; a key holds no colon. */
function apiKeyOf(written: string, place: number): ApiKeyOption {
  const parts = written.split(':');
  const [user = '', second = '', third] = parts;
  if (parts.length > 3 || parts.length < 2 || parts.includes('')) {
    // The key itself is a secret, so the error names its place alone.
    throw new SettingsError(`--api-keys: number ${place + 1} is not USER:KEY or USER:ROLE:KEY`);
  }
  return third === undefined ? { user, key: second } : { user, role: second, key: third };
}

function pemOf(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(`${flag} cannot be read: ${(error as Error).message}`);
  }
}

/** Read here once, since uWebSockets.js says of a missing file only that it failed. */
function tlsOf(key: string, cert: string): { key: string; cert: string } {
  for (const [flag, path] of [['--tls-key', key], ['--tls-cert', cert]] as const) {
    if (!pemOf(flag, path).includes('-----BEGIN ')) {
      throw new SettingsError(`${flag}: ${path} is no PEM file`);
    }
  }
  return { key, cert };
}

function policyOf({ policy, readOnLogout, readWhenIdle }: Settings): Policy {
  const { readWhenIdleMs, ...preset }: Policy = presets[policy];
  return {
    ...preset,
    ...(!readOnLogout && { readOnLogout: false }),
    ...(readWhenIdle && readWhenIdleMs !== undefined && { readWhenIdleMs }),
  };
}

/** What the command's settings are to {@link createServer}. */
export function optionsOf(settings: Settings, log: Logger, alerts: Alerts): ServerOptions {
  const {
    dev, secret, publicKey, jwks, issuer, audience, users, path, publicUrl, origins,
    trustedProxies, tlsKey, tlsCert, metrics, console, node, limits, reusePort,
  } = settings;
  return {
    log, alerts, dev, users, path, origins, trustedProxies, metrics, console, limits, reusePort,
    data: settings.data, redis: settings.redis,
    policy: policyOf(settings),
    apiKeys: settings.apiKeys.map(apiKeyOf),
    ...(secret !== undefined && { secret }),
    ...(publicKey !== undefined && { publicKey: pemOf('--public-key', publicKey) }),
    ...(jwks !== undefined && { jwks }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(node !== undefined && { node }),
    ...(tlsKey !== undefined && tlsCert !== undefined && {
      tls: tlsOf(tlsKey, tlsCert),
    }),
  };
}
