import Type from 'typebox';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { Key, None, RoomId, strict } from '../schemas.js';
import { roomOf, write } from '../write.js';

/** The last entry of a room: its members are told, then all of it is purged (trap 12). */
export const roomDelete = defineMethod<Chat>()({
  name: 'room.delete',
  summary: 'Deletes a room with all that was written: its owner, or an admin.',
  params: strict({ room: RoomId, key: Type.Optional(Key) }),
  result: None,
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'gone-example' } }],
    params: { room: 'gone-example' },
    result: {},
  },
  async handler(call, params) {
    const { app, identity } = call;
    await write(call, roomOf(call, params.room), params, (view, base) => {
      const { head } = app.access.room(identity, 'room.delete', view);
      return { kind: 'purge', ...base, expect: head.version };
    });
    return {};
  },
});
