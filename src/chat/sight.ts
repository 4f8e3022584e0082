import { idOf, userKey, type UserKey } from '../base/ids.js';
import type { Call } from '../rpc/method.js';
import type { Chat } from './chat.js';

/**
 * Whom of these users the caller may see, by the policy: for presence, profiles and lists. Roles
 * are looked up only where they matter.
 */
export async function sightOf(
  call: Call<Chat>, users: readonly UserKey[],
): Promise<(user: UserKey) => boolean> {
  const { app: { access, people }, identity, method } = call;
  if (!access.choosesTargets(identity)) return () => true;
  const seen = new Set<UserKey>();
  await Promise.all(users.map(async (user) => {
    const profile = await people.profile(user);
    const role = profile?.role ?? access.policy.defaultRole;
    const target = { user: idOf(user), role };
    if (access.explain(identity, method, undefined, target).allowed) seen.add(user);
  }));
  return (user) => seen.has(user);
}

/** Ids of the caller's tenant as keys. */
export const keysOf = (call: Call<Chat>, users: readonly string[]): UserKey[] =>
  users.map((user) => userKey(call.identity.tenant, user));
