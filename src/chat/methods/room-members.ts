import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { pageSize } from '../checks.js';
import { At, Limit, Page, RoomId, UserId, strict } from '../schemas.js';
import { reading, roomOf, seen } from '../write.js';

const usualPage = 100;

export const roomMembers = defineMethod<Chat>()({
  name: 'room.members',
  summary: 'Who is in a room, in the order of their ids.',
  params: strict({
    room: RoomId, limit: Type.Optional(Limit), page: Type.Optional(Page),
  }),
  result: strict({
    members: Type.Array(strict({ user: UserId, since: At })),
    total: Type.Integer(),
    page: Type.Optional(Page),
  }),
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'members-example' } }],
    params: { room: 'members-example' },
    result: { members: [{ user: 'Simon', since: 1_700_000_000_000 }], total: 1 },
  },
  async handler(call, { room: id, limit, page }) {
    const room = roomOf(call, id);
    const { head } = await seen(call, room);
    const size = pageSize(call.limits, limit, usualPage);
    const found = await reading(call.app.store.rooms.members(room, page ?? '', size + 1));
    const members = found.slice(0, size).map(({ user, at }) => ({ user, since: at }));
    return compact({
      members, total: head.members,
      page: found.length > size ? members.at(-1)?.user : undefined,
    });
  },
});
