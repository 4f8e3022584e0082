import { code } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { keysOf, sightOf } from '../sight.js';
import { strict } from '../schemas.js';
import { PresenceAnswer, Users } from './presence-query.js';

/** Answers the present state, then `presence.changed` for each real change (G8). */
export const presenceSubscribe = defineMethod<Chat>()({
  name: 'presence.subscribe',
  summary: 'Watches users: their present state now, presence.changed from then on.',
  params: strict({ users: Users }),
  result: PresenceAnswer,
  access: 'identity',
  needsPush: true,
  errors: [{
    code: code.tooManySubscriptions, reason: 'too_many_presence_subscriptions',
    when: 'this connection would watch more than maxPresenceSubscriptions',
  }],
  example: {
    params: { users: ['Nobody'] }, result: { users: { Nobody: { online: false, devices: 0 } } },
  },
  async handler(call, { users }) {
    const keys = keysOf(call, users);
    const sight = await sightOf(call, keys);
    const after = (run: () => void): void => call.afterAnswer(run);
    return { users: await call.app.presences.subscribe(call.session, keys, sight, after) };
  },
});
