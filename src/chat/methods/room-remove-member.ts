import Type from 'typebox';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkId } from '../checks.js';
import { Key, RoomId, Seq, UserId, strict } from '../schemas.js';
import { roomOf, write } from '../write.js';

/** The removed user is told, and hears nothing after it (G11). */
export const roomRemoveMember = defineMethod<Chat>()({
  name: 'room.removeMember',
  summary: 'Removes a user from a room: its owner, an admin, or the user.',
  params: strict({ room: RoomId, user: UserId, key: Type.Optional(Key) }),
  result: strict({ seq: Seq }),
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'remove-example', members: ['Fedir'] } }],
    params: { room: 'remove-example', user: 'Fedir' },
    result: { seq: 2 },
  },
  async handler(call, params) {
    const { app, identity } = call;
    const { user } = params;
    checkId(call.limits, '/user', user);
    const { seq } = await write(call, roomOf(call, params.room), params, (view, base) => {
      const { head } = app.access.room(identity, 'room.removeMember', view, { user });
      return { kind: 'remove', ...base, user, expect: head.version };
    });
    return { seq };
  },
});
