import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { roomJson } from '../events.js';
import { RoomId, RoomSchema, strict } from '../schemas.js';
import { roomOf, seen } from '../write.js';

export const roomGet = defineMethod<Chat>()({
  name: 'room.get',
  summary: 'A room as it is now.',
  params: strict({ room: RoomId }),
  result: RoomSchema,
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'get-example', title: 'First chat' } }],
    params: { room: 'get-example' },
    result: {
      room: 'get-example', kind: 'group', title: 'First chat', owner: 'Simon', members: 1,
      large: false, seq: 1, epoch: 'r4Vx0', createdAt: 1_700_000_000_000,
    },
  },
  async handler(call, { room }) {
    return roomJson((await seen(call, roomOf(call, room))).head);
  },
});
