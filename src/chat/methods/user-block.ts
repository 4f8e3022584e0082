import Type from 'typebox';
import { userKey } from '../../base/ids.js';
import { invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey } from '../checks.js';
import { changeProfile } from '../profile-changes.js';
import { Key, None, strict, UserId } from '../schemas.js';

const params = strict({ user: UserId, key: Type.Optional(Key) });

/** Sockets are closed and calls refused within 1 s on every node, new ones at once (G11). */
export const userBlock = defineMethod<Chat>()({
  name: 'user.block',
  summary: 'Closes what a user is signed in with, and keeps them out until they are unblocked.',
  params,
  result: None,
  access: 'identity',
  example: { params: { user: 'Petro' }, result: {} },
  async handler(call, { user, key }) {
    const { app, identity, limits } = call;
    checkId(limits, '/user', user);
    checkKey(limits, key);
    // Nobody would be left to take it back.
    if (user === identity.user) throw invalidParams('/user', 'self');
    call.handedOn();
    await app.people.revoke(identity.tenant, { user }, true);
    return {};
  },
});

/** The tokens from before the block are good again, unless they were revoked. */
export const userUnblock = defineMethod<Chat>()({
  name: 'user.unblock',
  summary: 'Lets a blocked user in again.',
  params,
  result: None,
  access: 'identity',
  example: { params: { user: 'Petro' }, result: {} },
  async handler(call, { user, key }) {
    const { app, identity, limits } = call;
    checkId(limits, '/user', user);
    checkKey(limits, key);
    call.handedOn();
    await changeProfile(app, userKey(identity.tenant, user), (before) =>
      (before?.blocked === true ? { ...before, blocked: false } : undefined));
    return {};
  },
});
