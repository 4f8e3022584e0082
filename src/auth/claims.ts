import type { JWTPayload } from 'jose';
import { defaultTenant } from '../base/ids.js';
import { unauthenticated } from '../rpc/errors.js';
import type { Identity } from '../rpc/identity.js';

/** Names become parts of keys: control characters in one would reach into another's. */
const plain = /^[^\p{Cc}\p{Cs}]+$/u;
const maxNameBytes = 128;

/** Whether a text may be the id of a user, tenant, role or group. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && plain.test(value) && Buffer.byteLength(value) <= maxNameBytes;

function name(claims: JWTPayload, claim: string): string | undefined {
  const value = claims[claim];
  if (value === undefined || value === null) return undefined;
  if (!isName(value)) throw unauthenticated('invalid');
  return value;
}

function names(claims: JWTPayload, claim: string): readonly string[] {
  const value = claims[claim];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isName)) throw unauthenticated('invalid');
  return value;
}

/**
 * The identity in a verified token's claims: `sub`, `name`, `login`, `role`, `groups`, `tenant`,
 * `exp`, `iat`, `jti`.
 * @throws RpcError 401 `invalid` where one of them is not what it must be
 */
export function identityOf(claims: JWTPayload): Identity {
  const user = name(claims, 'sub');
  const shown = name(claims, 'name');
  const login = name(claims, 'login');
  const tokenId = name(claims, 'jti');
  if (user === undefined || claims.exp === undefined) throw unauthenticated('invalid');
  return {
    user,
    tenant: name(claims, 'tenant') ?? defaultTenant,
    role: name(claims, 'role') ?? 'user',
    groups: names(claims, 'groups'),
    issuedAt: (claims.iat ?? 0) * 1000,
    expiresAt: claims.exp * 1000,
    kind: 'jwt',
    ...(shown !== undefined && { name: shown }),
    ...(login !== undefined && { login }),
    ...(tokenId !== undefined && { tokenId }),
  };
}
