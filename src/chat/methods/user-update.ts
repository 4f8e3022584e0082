import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { userKey } from '../../base/ids.js';
import { notFound } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Profile } from '../../store/users.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey } from '../checks.js';
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
    let profile: Profile | undefined;
    // The same values again change nothing, so the same call again tells nobody.
    let changed = false;
    await app.store.users.update(key, (before) => {
      profile = before;
      if (before === undefined) return undefined;
      changed = Object.entries(compact(fields))
        .some(([name, value]) => Reflect.get(before, name) !== value);
      if (!changed) return undefined;
      return profile = { ...before, ...compact(fields), version: before.version + 1 };
    });
    if (profile === undefined) throw notFound();
    if (!changed) return profileJson(profile);
    await app.people.changed(key, profile);
    const at = app.clock.now();
    const params = JSON.stringify({ at, ...profileJson(profile) });
    await app.store.feeds.tell([key], { method: 'user.updated', params }, at);
    return profileJson(profile);
  },
});
