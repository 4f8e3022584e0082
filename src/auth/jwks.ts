import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../base/clock.js';

export interface JwksOptions {
  readonly url: string;
  readonly clock: Clock;
  /** After this the keys are asked for again, behind the calls; in milliseconds. */
  readonly refreshMs?: number;
  /** Least time between two requests, unknown key ids or a silent provider notwithstanding. */
  readonly cooldownMs?: number;
  /** Told when the provider cannot be reached; the keys known stay in use. */
  readonly onFault?: (error: unknown) => void;
  /** Told when the provider's keys are others than before. */
  readonly onChange?: () => void;
  readonly fetch?: typeof fetch;
}

/** The keys cannot be had: the provider is away, and has been since this node started. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/**
 * The keys that an issuer publishes (RFC 7517). Keys once fetched stay in use while the provider
 * is away; a flood of unknown key ids costs it one request a cooldown.
 * @throws KeysUnavailable from the getter when there are none at all
 */
export function remoteKeys(options: JwksOptions): JWTVerifyGetKey {
  const { clock, refreshMs = 600_000, cooldownMs = 30_000, onFault, onChange } = options;
  const request = options.fetch ?? fetch;
  let triedAt = -Infinity;
  let body: string | undefined;
  const jwks = createRemoteJWKSet(new URL(options.url), {
    // Age is our matter: jose would stop using old keys while the provider is away.
    cacheMaxAge: Infinity,
    cooldownDuration: 0,
    async [customFetch](url: string, init: RequestInit): Promise<Response> {
      // jose's own cooldown counts from the last success, so an absent provider would be asked
      // for every token.
      if (clock.monotonic() - triedAt < cooldownMs) throw new Error('asked a moment ago');
      triedAt = clock.monotonic();
      try {
        const response = await request(url, init);
        const text = await response.text();
        if (response.status !== 200) throw new Error(`key provider answered ${response.status}`);
        if (body !== undefined && body !== text) onChange?.();
        body = text;
        return new Response(text, { status: 200 });
      } catch (error) {
        onFault?.(error);
        throw error;
      }
    },
  });
  return async (header, token) => {
    if (jwks.jwks() === undefined) {
      await jwks.reload().catch((cause: unknown) => {
        throw new KeysUnavailable('no keys', { cause });
      });
    } else if (clock.monotonic() - triedAt > refreshMs) {
      jwks.reload().catch(() => undefined);
    }
    return jwks(header, token);
  };
}
