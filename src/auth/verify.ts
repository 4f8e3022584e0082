import { createHash, createPublicKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../base/clock.js';
import { defaultTenant } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import { RpcError, busy, unauthenticated } from '../rpc/errors.js';
import type { Identity, TokenVerifier } from '../rpc/identity.js';
import { identityOf, isName } from './claims.js';
import { KeysUnavailable, remoteKeys } from './jwks.js';
import { TokenCache } from './token-cache.js';

/** A key for a back end: long, random, and as good as a password. */
export interface ApiKey {
  readonly key: string;
  readonly user: string;
  readonly role?: string;
  readonly tenant?: string;
}

export interface VerifierOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** HS256, HS384, HS512. */
  readonly secret?: string;
  /** RS, PS, ES or EdDSA public key as PEM. */
  readonly publicKey?: string;
  /** URL of a JSON Web Key Set. */
  readonly jwks?: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** How far the issuer's clock may be off, in milliseconds. */
  readonly toleranceMs?: number;
  readonly apiKeys?: readonly ApiKey[];
  /** Takes `name` and `name:role` for a token. Development only. */
  readonly dev?: boolean;
  /** Verified tokens that are remembered. */
  readonly maxCached?: number;
  /** How keys are fetched. */
  readonly fetch?: typeof fetch;
}

// RFC 8725, 3.1: the algorithm is ours to choose, never the token's. A secret has its own list,
// so that a public key can't be taken for one (2.1).
const secretAlgorithms = ['HS256', 'HS384', 'HS512'];
const publicAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512',
  'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const maxTokenBytes = 8 * 1024;

type Key = Uint8Array | KeyObject | JWTVerifyGetKey;

/**
 * Turns bearer tokens into identities by all means that are configured: API keys, JWTs under a
 * secret, a PEM or published keys, development names. A token seen before answers at once.
 * Headers that point to keys (`jku`, `x5u`, `jwk`, `x5c`) are never followed (RFC 8725, 3.10).
 */
export function createVerifier(options: VerifierOptions): TokenVerifier {
  const { clock } = options;
  const cache = new TokenCache(options.maxCached ?? 20_000);
  const apiKeys = (options.apiKeys ?? []).map(digestKey);
  const verifyJwt = jwtVerifier(options, () => cache.clear());
  return (token) => {
    const known = cache.get(token);
    if (known !== undefined) {
      if (known.expiresAt + (options.toleranceMs ?? 0) > clock.now()) return known;
      cache.delete(token);
      throw unauthenticated('expired');
    }
    if (token === '') throw unauthenticated('missing');
    if (token.length > maxTokenBytes) throw unauthenticated('invalid');
    const byKey = findKey(apiKeys, token);
    if (byKey !== undefined) {
      cache.set(token, byKey);
      return byKey;
    }
    if (token.split('.').length !== 3 || !/^[\w.-]+$/.test(token)) {
      if (options.dev === true) return devIdentity(token, clock.now());
      throw unauthenticated('invalid');
    }
    return remember(cache, token, verifyJwt(token));
  };
}

async function remember(
  cache: TokenCache, token: string, verified: Promise<Identity>,
): Promise<Identity> {
  // What was verified with keys that have gone meanwhile must not be remembered.
  const { generation } = cache;
  const identity = await verified;
  if (generation === cache.generation) cache.set(token, identity);
  return identity;
}

interface DigestedKey {
  readonly digest: Buffer;
  readonly identity: Identity;
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

function digestKey({ key, user, role = 'user', tenant = defaultTenant }: ApiKey): DigestedKey {
  if (key === '' || !isName(user) || !isName(role) || !isName(tenant)) {
    throw new RangeError('an API key needs a key and a user, and plain names');
  }
  const digest = sha256(key);
  return {
    digest,
    identity: {
      user, tenant, role, groups: [], issuedAt: 0, expiresAt: Infinity, kind: 'apiKey',
      tokenId: `key-${digest.toString('base64url').slice(0, 16)}`,
    },
  };
}

/** Looks at every key, each in the same time: how long it takes tells nothing. */
function findKey(keys: readonly DigestedKey[], token: string): Identity | undefined {
  if (keys.length === 0) return undefined;
  const digest = sha256(token);
  let found: Identity | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.digest, digest)) found = key.identity;
  }
  return found;
}

function devIdentity(token: string, nowMs: number): Identity {
  const colon = token.lastIndexOf(':');
  const user = colon < 0 ? token : token.slice(0, colon);
  const role = colon < 0 ? 'user' : token.slice(colon + 1);
  if (!isName(user) || !isName(role)) throw unauthenticated('invalid');
  return {
    user, role, name: user, tenant: defaultTenant, groups: [], issuedAt: nowMs,
    expiresAt: Infinity, kind: 'dev',
  };
}

function jwtVerifier(
  options: VerifierOptions, keysChanged: () => void,
): (token: string) => Promise<Identity> {
  const { clock, log, issuer, audience } = options;
  const secret = options.secret === undefined ? undefined : Buffer.from(options.secret);
  const pem = options.publicKey === undefined ? undefined : createPublicKey(options.publicKey);
  const published = options.jwks === undefined ? undefined : remoteKeys({
    url: options.jwks, clock, onChange: keysChanged,
    onFault: (err) => log.warn({ err }, 'the key provider does not answer; known keys stay'),
    ...(options.fetch !== undefined && { fetch: options.fetch }),
  });
  const verifyWith = async (token: string, key: Key, algorithms: string[]): Promise<Identity> => {
    const settings = {
      algorithms,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(clock.now()),
      clockTolerance: (options.toleranceMs ?? 0) / 1000,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    const { payload } = typeof key === 'function'
      ? await jwtVerify(token, key, settings) : await jwtVerify(token, key, settings);
    return identityOf(payload);
  };
  return async (token) => {
    try {
      const { alg } = decodeProtectedHeader(token);
      if (alg !== undefined && secretAlgorithms.includes(alg) && secret !== undefined) {
        return await verifyWith(token, secret, secretAlgorithms);
      }
      const key = pem ?? published;
      if (key === undefined) throw unauthenticated('invalid');
      if (pem === undefined || published === undefined) {
        return await verifyWith(token, key, publicAlgorithms);
      }
      // Both are configured: a token of either is good.
      return await verifyWith(token, pem, publicAlgorithms)
        .catch(() => verifyWith(token, published, publicAlgorithms));
    } catch (error) {
      throw tokenError(error);
    }
  };
}

function tokenError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof errors.JWTExpired) return unauthenticated('expired');
  if (error instanceof KeysUnavailable) return busy('keys_unavailable', 5_000, error);
  return unauthenticated('invalid');
}
