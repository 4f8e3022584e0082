import type { UserKey } from '../base/ids.js';
import type { Profile } from '../store/users.js';
import type { Chat } from './chat.js';
import { profileJson } from './user-schemas.js';

export interface ChangedProfile {
  readonly before: Profile | undefined;
  /** As it is now; undefined where there is none and none was made. */
  readonly after: Profile | undefined;
  readonly changed: boolean;
}

/**
 * Changes a profile, and tells whoever it concerns: every node within 1 s (G11), the user's feed.
 * @param change answers undefined where nothing changes: the same call again tells nobody
 */
export async function changeProfile(
  app: Chat, user: UserKey, change: (before: Profile | undefined) => Profile | undefined,
): Promise<ChangedProfile> {
  let before: Profile | undefined;
  let changed = false;
  const after = await app.store.users.update(user, (found) => {
    before = found;
    const next = change(found);
    changed = next !== undefined;
    return next;
  });
  if (after === undefined || !changed) return { before, after, changed };
  await app.people.changed(user, after);
  // A feed of somebody never seen is nobody's.
  if (before !== undefined) {
    const at = app.clock.now();
    const params = JSON.stringify({ at, ...profileJson(after) });
    await app.store.feeds.tell([user], { method: 'user.updated', params }, at);
  }
  return { before, after, changed };
}

/** What of a profile is set anew, where that changes anything. */
export function withFields(
  before: Profile, fields: Readonly<Partial<Profile>>,
): Profile | undefined {
  const differs = Object.entries(fields).some(([name, value]) =>
    JSON.stringify(Reflect.get(before, name)) !== JSON.stringify(value));
  return differs ? { ...before, ...fields } : undefined;
}
