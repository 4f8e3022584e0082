import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { keysOf, sightOf } from '../sight.js';
import { strict } from '../schemas.js';
import { PresenceAnswer, Users } from './presence-query.js';

/** The last state of those who are no longer watched. */
export const presenceUnsubscribe = defineMethod<Chat>()({
  name: 'presence.unsubscribe',
  summary: 'Ends the watching of users, and says how they are now.',
  params: strict({ users: Users }),
  result: PresenceAnswer,
  access: 'identity',
  needsPush: true,
  example: {
    params: { users: ['Nobody'] }, result: { users: { Nobody: { online: false, devices: 0 } } },
  },
  async handler(call, { users }) {
    const keys = keysOf(call, users);
    call.app.presences.unsubscribe(call.session, keys);
    return { users: await call.app.presences.query(keys, await sightOf(call, keys)) };
  },
});
