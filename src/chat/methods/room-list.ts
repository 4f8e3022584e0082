import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { userKey } from '../../base/ids.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { pageSize } from '../checks.js';
import { roomRows } from '../room-rows.js';
import { Limit, Page, RoomRowSchema, strict } from '../schemas.js';
import { reading } from '../write.js';

const usualPage = 50;

/** What the caller itself changed is in it; what others just wrote is on its way. */
export const roomList = defineMethod<Chat>()({
  name: 'room.list',
  summary: 'The caller\'s rooms, the most recent first, with what is unread.',
  params: strict({
    limit: Type.Optional(Limit),
    page: Type.Optional(Page),
    unreadOnly: Type.Optional(Type.Boolean()),
  }),
  result: strict({ rooms: Type.Array(RoomRowSchema), page: Type.Optional(Page) }),
  access: 'identity',
  example: {
    setup: [{ method: 'room.create', params: { room: 'list-example', title: 'First chat' } }],
    params: { limit: 1 },
    result: {
      rooms: [{
        room: 'list-example', title: 'First chat', kind: 'group', lastAt: 1_700_000_000_000,
        unread: 0,
      }],
    },
  },
  async handler(call, { limit, page, unreadOnly }) {
    const { app, identity, limits } = call;
    const user = userKey(identity.tenant, identity.user);
    await app.forwarder.settled(user);
    const wanted = compact({ limit: pageSize(limits, limit, usualPage), page, unreadOnly });
    return await reading(roomRows(app.store, user, wanted, limits.maxAnswerBytes));
  },
});
