import { userKey } from '../base/ids.js';
import type { Profile } from '../store/users.js';
import type { Chat } from './chat.js';
import { changeProfile } from './profile-changes.js';

/** Profiles changed at once: they share commits, and hold up nobody else. */
const atOnce = 32;
const pageSize = 500;

/** Has the profiles of users say whether they are in a group; those never seen have none. */
export async function noteMembership(
  app: Chat, tenant: string, group: string, users: readonly string[], member: boolean,
): Promise<void> {
  const change = (before: Profile | undefined): Profile | undefined => {
    if (before === undefined || before.groups.includes(group) === member) return undefined;
    const others = before.groups.filter((name) => name !== group);
    return { ...before, groups: member ? [...others, group].sort() : others };
  };
  for (let from = 0; from < users.length; from += atOnce) {
    await Promise.all(users.slice(from, from + atOnce)
      .map((user) => changeProfile(app, userKey(tenant, user), change)));
  }
}

/** Takes a group that is to be deleted off the profiles of its members. */
export async function forgetGroup(app: Chat, tenant: string, group: string): Promise<void> {
  let after = '';
  for (;;) {
    const users = await app.groups.members(tenant, group, after, pageSize);
    await noteMembership(app, tenant, group, users, false);
    const last = users.at(-1);
    if (last === undefined || users.length < pageSize) return;
    after = last;
  }
}

/** Puts an imported user into the groups that their profile names, and out of the others. */
export async function joinGroups(
  app: Chat, tenant: string, user: string, before: readonly string[], after: readonly string[],
): Promise<void> {
  for (const group of after.filter((name) => !before.includes(name))) {
    // A group that an import names is there from then on.
    if (await app.groups.add(tenant, group, [user]) !== undefined) continue;
    await app.groups.create(tenant, { group, active: true });
    await app.groups.add(tenant, group, [user]);
  }
  for (const group of before.filter((name) => !after.includes(name))) {
    await app.groups.take(tenant, group, [user]);
  }
}
