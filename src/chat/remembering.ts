import type { Identity } from '../rpc/identity.js';
import type { Profile } from '../store/users.js';
import { blankProfile } from './admission.js';

/**
 * What is kept of a user who signs in by a token for the first time.
 * @param keepsRole whether the token's role is kept too; the store's then wins over later tokens
 * @returns what to do with the profile as it is; undefined where nothing is to be kept
 */
export function remembering(
  identity: Identity, profile: Profile | undefined, keepsRole: boolean,
): ((before: Profile | undefined) => Profile | undefined) | undefined {
  if (profile !== undefined && (profile.role !== undefined || !keepsRole)) return undefined;
  const { user, name, login } = identity;
  const role = keepsRole ? { role: identity.role } : {};
  return (before) => {
    if (before !== undefined) {
      return keepsRole && before.role === undefined ? { ...before, ...role } : undefined;
    }
    return {
      ...blankProfile(user), ...role,
      ...(name !== undefined && { name }),
      ...(login !== undefined && { login }),
    };
  };
}
