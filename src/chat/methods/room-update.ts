import Type from 'typebox';
import { notFound } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkTitle } from '../checks.js';
import { roomJson } from '../events.js';
import { Key, RoomId, RoomSchema, Title, strict } from '../schemas.js';
import { reading, roomOf, seen, write } from '../write.js';

/** An empty title takes the title away; none leaves it as it is. */
export const roomUpdate = defineMethod<Chat>()({
  name: 'room.update',
  summary: 'Gives a room another title: its owner, or an admin.',
  params: strict({ room: RoomId, title: Type.Optional(Title), key: Type.Optional(Key) }),
  result: RoomSchema,
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'update-example' } }],
    params: { room: 'update-example', title: 'Plans' },
    result: {
      room: 'update-example', kind: 'group', title: 'Plans', owner: 'Simon', members: 1,
      large: false, seq: 2, epoch: 'r4Vx0', createdAt: 1_700_000_000_000,
    },
  },
  async handler(call, params) {
    const { app, identity } = call;
    const { title } = params;
    const room = roomOf(call, params.room);
    checkTitle(call.limits, title);
    if (title === undefined) return roomJson((await seen(call, room)).head);
    await write(call, room, params, (view, base) => {
      const { head } = app.access.room(identity, 'room.update', view);
      const content = title === '' ? {} : { title };
      return { kind: 'title', ...base, ...content, expect: head.version };
    });
    const head = await reading(app.store.rooms.head(room));
    if (head === undefined) throw notFound();
    return roomJson(head);
  },
});
