import { SignJWT } from 'jose';
import type { Clock } from '../base/clock.js';
import type { IdSource } from '../base/ids.js';

/** What a token is to say. */
export interface TokenContent {
  readonly user: string;
  readonly role?: string;
  readonly name?: string;
  readonly login?: string;
  readonly groups?: readonly string[];
  readonly tenant?: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** How long it is good, in milliseconds; a whole number of seconds. */
  readonly lifeMs: number;
}

/**
 * Signs a token with HS256 (RFC 7519), with `iat`, `exp` and a random `jti` by which it can be
 * revoked alone.
 * @throws RangeError for a life that is not positive or a secret that is empty
 */
export async function signToken(
  content: TokenContent, secret: string, clock: Clock, ids: IdSource,
): Promise<string> {
  const { user, issuer, audience, lifeMs, ...claims } = content;
  if (!(lifeMs > 0)) throw new RangeError('a token must live for some time');
  if (secret === '') throw new RangeError('a token needs a secret');
  const issuedAt = Math.floor(clock.now() / 1000);
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.ceil(lifeMs / 1000))
    .setJti(ids(16));
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(Buffer.from(secret));
}
