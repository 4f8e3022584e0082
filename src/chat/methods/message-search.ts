import Type from 'typebox';
import { userKey } from '../../base/ids.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkText, pageSize } from '../checks.js';
import { fitting } from '../fit.js';
import { Limit, MessageSchema, RoomId, Text, strict } from '../schemas.js';
import { searchRooms, type Searched } from '../search.js';
import { reading, roomOf, seen } from '../write.js';

const usualPage = 20;
/** A scan leaves the answer time, and others their turn. */
const longestMs = 5_000;
const reserveMs = 500;

/** What the caller's rooms keep, newest first; `more` when time or the page ran out. */
export const messageSearch = defineMethod<Chat>()({
  name: 'message.search',
  summary: 'Finds messages that hold a text, in one room or all of the caller\'s.',
  params: strict({
    query: Text, room: Type.Optional(RoomId), limit: Type.Optional(Limit),
  }),
  result: strict({ messages: Type.Array(MessageSchema), more: Type.Boolean() }),
  access: 'identity',
  example: {
    setup: [
      { method: 'room.create', params: { room: 'search-example' } },
      { method: 'message.send', params: { room: 'search-example', text: 'Where is the key?' } },
    ],
    params: { query: 'KEY', room: 'search-example' },
    result: {
      messages: [{
        room: 'search-example', seq: 2, epoch: 'r4Vx0', at: 1_700_000_000_000, from: 'Simon',
        text: 'Where is the key?',
      }],
      more: false,
    },
  },
  async handler(call, { query, room, limit }) {
    const { app, identity, limits } = call;
    checkText('/query', query, limits.maxTextCodePoints);
    const size = pageSize(limits, limit, usualPage);
    const nowMs = app.clock.monotonic();
    const until = Math.min(nowMs + longestMs, call.deadlineAt - reserveMs);
    const among: Searched[] = [];
    if (room !== undefined) {
      const key = roomOf(call, room);
      const { head } = await seen(call, key);
      among.push({ room: key, newestAt: head.lastAt });
    } else {
      const user = userKey(identity.tenant, identity.user);
      await app.forwarder.settled(user);
      let page: string | undefined;
      do {
        const found = await reading(app.store.feeds.rooms(user, {
          limit: 500, ...(page === undefined ? {} : { page }),
        }));
        for (const row of found.rows) {
          among.push({ room: row.room, newestAt: row.large ? Infinity : row.lastAt });
        }
        page = found.page;
      } while (page !== undefined);
    }
    const found = await reading(searchRooms(app, identity, among, query, size, until));
    const fits = fitting(found.messages, limits.maxAnswerBytes);
    return {
      messages: found.messages.slice(0, fits), more: found.more || fits < found.messages.length,
    };
  },
});
