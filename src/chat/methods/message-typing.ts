import { userKey } from '../../base/ids.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { None, RoomId, strict } from '../schemas.js';
import { reading, roomOf, seen, targetOf } from '../write.js';

/** Passed on at most once in each interval, to the members of a small room; never kept. */
export const messageTyping = defineMethod<Chat>()({
  name: 'message.typing',
  summary: 'Shows the others that the caller is writing.',
  params: strict({ room: RoomId }),
  result: None,
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'typing-example' } }],
    params: { room: 'typing-example' },
    result: {},
  },
  async handler(call, { room: id }) {
    const { app, identity: { tenant, user }, limits } = call;
    const room = roomOf(call, id);
    const target = app.access.choosesTargets(call.identity)
      ? await targetOf(call, room) : undefined;
    const { head } = await seen(call, room, call.method, target);
    const nowMs = app.clock.monotonic();
    // Thousands who see each other write would see nothing else.
    if (head.large || !app.typing.passes(`${room}\0${user}`, nowMs, limits.typingIntervalMs)) {
      return {};
    }
    const members = await reading(app.store.rooms.members(room, '', head.members));
    await app.bus.signal({
      users: members.filter((member) => member.user !== user)
        .map((member) => userKey(tenant, member.user)),
      method: 'message.typed',
      params: JSON.stringify({ room: id, user, at: app.clock.now() }),
    });
    return {};
  },
});
