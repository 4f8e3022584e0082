import Type from 'typebox';
import { invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey } from '../checks.js';
import { Key, None, strict, UserId } from '../schemas.js';

/** Tokens issued before now are refused within 1 s on every node, later ones are good (G11). */
export const sessionRevoke = defineMethod<Chat>()({
  name: 'session.revoke',
  summary: 'Closes what a user, or one session, is signed in with; such tokens are refused.',
  params: strict({
    user: Type.Optional(UserId),
    session: Type.Optional(Type.String({
      minLength: 1, maxLength: 256, description: 'id of a session, or the jti of its token',
    })),
    key: Type.Optional(Key),
  }),
  result: None,
  access: 'identity',
  example: { params: { user: 'Petro' }, result: {} },
  async handler(call, { user, session, key }) {
    const { app, identity, limits } = call;
    checkKey(limits, key);
    if ((user === undefined) === (session === undefined)) {
      throw invalidParams('', 'exactly_one_of_user_and_session');
    }
    if (user !== undefined) checkId(limits, '/user', user);
    call.handedOn();
    const target = user === undefined ? { session: session ?? '' } : { user };
    await app.people.revoke(identity.tenant, target, false);
    return {};
  },
});
