import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { userKey } from '../../base/ids.js';
import { notFound } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Profile } from '../../store/users.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey } from '../checks.js';
import { changeProfile, withFields } from '../profile-changes.js';
import { Key, strict, UserId } from '../schemas.js';
import { profileFields, profileJson, ProfileSchema } from '../user-schemas.js';

/**
 * Sets what is named and leaves the rest. A role counts from the next call on, on every node
 * within 1 s; a user who is no longer active is thrown out within 1 s (G11).
 */
export const userUpdate = defineMethod<Chat>()({
  name: 'user.update',
  summary: 'Changes the profile of a user: names, role, whether active.',
  params: strict({ user: UserId, ...profileFields, key: Type.Optional(Key) }),
  result: ProfileSchema,
  access: 'identity',
  example: {
    params: { user: 'Simon', surname: 'Bolivar' },
    result: { user: 'Simon', surname: 'Bolivar', groups: [], active: true, blocked: false },
  },
  async handler(call, { user, key: callKey, ...fields }) {
    const { app, identity, limits } = call;
    checkId(limits, '/user', user);
    checkKey(limits, callKey);
    app.access.check(identity, 'user.update', undefined, { gives: Object.keys(fields) });
    const key = userKey(identity.tenant, user);
    call.handedOn();
    const { after } = await changeProfile(app, key, (before) => before && withFields(before, {
      ...compact(fields), ...ruledHere(before, fields),
    }));
    if (after === undefined) throw notFound();
    return profileJson(after);
  },
});

/** What an import is to leave as it is from now on. */
function ruledHere(before: Profile, { role, active }: Pick<Partial<Profile>, 'role' | 'active'>) {
  const set = new Set(before.setHere);
  if (role !== undefined && role !== before.role) set.add('role');
  if (active !== undefined && active !== before.active) set.add('active');
  return set.size === (before.setHere?.length ?? 0) ? {} : { setHere: [...set].sort() };
}
