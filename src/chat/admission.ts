import type { ConnectRefusal } from '../cluster/directory.js';
import { code, RpcError, unauthenticated } from '../rpc/errors.js';
import type { Identity } from '../rpc/identity.js';
import type { Profile } from '../store/users.js';

/** The profile of a user of whom nothing is known but the id. */
export const blankProfile = (user: string): Profile => ({
  user, groups: [], active: true, blocked: false, revokedBefore: 0, lastSeen: 0, version: 0,
});

/**
 * The identity that a caller acts under: what the store knows wins over the token's word. A
 * profile that names neither role nor groups was only ever seen, and the token's stand.
 * @throws RpcError 403 `blocked` or `inactive`, 401 `revoked`
 */
export function admitted(
  identity: Identity, profile: Profile | undefined, tokenRevoked: boolean,
): Identity {
  if (tokenRevoked) throw unauthenticated('revoked');
  if (profile === undefined) return identity;
  if (profile.blocked) throw new RpcError(code.forbidden, 'blocked');
  if (!profile.active) throw new RpcError(code.forbidden, 'inactive');
  if (identity.issuedAt < profile.revokedBefore) throw unauthenticated('revoked');
  const ruled = profile.role !== undefined || profile.groups.length > 0;
  const { name, login } = profile;
  if (!ruled && name === undefined && login === undefined) return identity;
  return {
    ...identity,
    ...(profile.role !== undefined && { role: profile.role }),
    ...(ruled && { groups: profile.groups }),
    ...(name !== undefined && { name }),
    ...(login !== undefined && { login }),
  };
}

/** Why the directory did not register a connection, as the error that says so. */
export function refused(refusal: ConnectRefusal): RpcError {
  switch (refusal) {
    case 'blocked':
    case 'inactive':
      return new RpcError(code.forbidden, refusal);
    case 'revoked':
      return unauthenticated('revoked');
    case 'tooMany':
      return new RpcError(code.rateLimited, 'too_many_connections',
        { limit: 'maxConnectionsPerUser' });
  }
}
