import Type from 'typebox';
import { userKey } from '../../base/ids.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkKey } from '../checks.js';
import { Key, Place, RoomId, strict } from '../schemas.js';
import { reading, roomOf, seen } from '../write.js';

/** A position only grows, so the call is the same however often it is made. */
export const messageRead = defineMethod<Chat>()({
  name: 'message.read',
  summary: 'Marks a room as read up to a seq; on the caller\'s other devices too.',
  params: strict({ room: RoomId, seq: Place, key: Type.Optional(Key) }),
  result: strict({ unread: Type.Integer({ minimum: 0 }) }),
  access: 'identity',
  example: {
    setup: [
      { method: 'room.create', params: { room: 'read-example' } },
      { method: 'message.send', params: { room: 'read-example', text: 'Hi' } },
    ],
    params: { room: 'read-example', seq: 2 },
    result: { unread: 0 },
  },
  async handler(call, { room: id, seq, key }) {
    const { app, identity } = call;
    checkKey(call.limits, key);
    const room = roomOf(call, id);
    const { head } = await seen(call, room);
    call.handedOn();
    const position = await reading(
      app.store.rooms.read(room, identity.user, seq, app.clock.now()),
    );
    app.forwarder.appended(room, userKey(identity.tenant, identity.user));
    const { newWithinMs } = app.access.policy;
    const old = newWithinMs === undefined || head.count <= position.count ? 0
      : await reading(app.store.rooms.countBefore(room, app.clock.now() - newWithinMs));
    return { unread: Math.max(0, head.count - Math.max(position.count, old)) };
  },
});
