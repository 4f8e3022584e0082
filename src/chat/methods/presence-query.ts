import Type from 'typebox';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { keysOf, sightOf } from '../sight.js';
import { strict, UserId } from '../schemas.js';
import { PresenceTableSchema } from '../user-schemas.js';

export const Users = Type.Array(UserId, { minItems: 1, maxItems: 1000 });
export const PresenceAnswer = strict({ users: PresenceTableSchema });

/** Who is online; whom the caller may not see looks like one never seen (G11). */
export const presenceQuery = defineMethod<Chat>()({
  name: 'presence.query',
  summary: 'Says who of these users is online, on how many devices, or when they last were.',
  params: strict({ users: Users }),
  result: PresenceAnswer,
  access: 'identity',
  example: {
    params: { users: ['Nobody'] }, result: { users: { Nobody: { online: false, devices: 0 } } },
  },
  async handler(call, { users }) {
    const keys = keysOf(call, users);
    return { users: await call.app.presences.query(keys, await sightOf(call, keys)) };
  },
});
