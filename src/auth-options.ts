import { createVerifier } from './auth/index.js';
import type { Clock } from './base/clock.js';
import type { Logger } from './base/log.js';
import { SettingsError } from './config.js';
import type { ServerOptions } from './options.js';
import type { TokenVerifier } from './rpc/identity.js';

/**
 * Who a token belongs to: the application says, or the keys that were given.
 * @throws SettingsError where nothing is given and nobody could ever sign in
 */
export function verifierOf(options: ServerOptions, clock: Clock, log: Logger): TokenVerifier {
  const { verify, secret, publicKey, jwks, issuer, audience, apiKeys = [], dev } = options;
  if (verify !== undefined) return verify;
  if (dev !== true && (secret ?? publicKey ?? jwks) === undefined && apiKeys.length === 0) {
    throw new SettingsError('nobody could sign in: give verify, secret, publicKey, jwks or '
      + 'apiKeys, or dev to try things out');
  }
  return createVerifier({
    clock, log, apiKeys,
    ...(secret !== undefined && { secret }),
    ...(publicKey !== undefined && { publicKey }),
    ...(jwks !== undefined && { jwks }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(dev !== undefined && { dev }),
  });
}
