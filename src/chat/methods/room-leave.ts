import Type from 'typebox';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { Key, RoomId, Seq, strict } from '../schemas.js';
import { roomOf, write } from '../write.js';

export const roomLeave = defineMethod<Chat>()({
  name: 'room.leave',
  summary: 'Ends the caller\'s own membership.',
  params: strict({ room: RoomId, key: Type.Optional(Key) }),
  result: strict({ seq: Seq }),
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'leave-example' } }],
    params: { room: 'leave-example' },
    result: { seq: 2 },
  },
  async handler(call, params) {
    const { app, identity } = call;
    const { seq } = await write(call, roomOf(call, params.room), params, (view, base) => {
      const { head } = app.access.room(identity, 'room.leave', view);
      return { kind: 'remove', ...base, user: identity.user, expect: head.version };
    });
    return { seq };
  },
});
