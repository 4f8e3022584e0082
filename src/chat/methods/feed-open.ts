import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { Cursor, RoomHeads, RoomPositions, StateSchema, strict } from '../schemas.js';

/** Continues exactly, or says that it can't (G4); the missed events follow the answer. */
export const feedOpen = defineMethod<Chat>()({
  name: 'feed.open',
  summary: 'Opens the caller\'s feed: what was missed since a cursor, then what happens.',
  params: strict({
    since: Type.Optional(Cursor), rooms: Type.Optional(RoomPositions),
  }),
  result: strict({
    cursor: Cursor,
    recovered: Type.Boolean({ description: 'what came after `since` follows, all of it' }),
    state: Type.Optional(StateSchema),
    rooms: Type.Optional(RoomHeads),
  }),
  access: 'identity',
  needsPush: true,
  example: { params: {}, result: { cursor: 'Qm9v.4', recovered: true } },
  async handler(call, { since, rooms }) {
    const opened = await call.app.hub.openFeed(call.session, compact({
      since, rooms, afterAnswer: (run: () => void) => call.afterAnswer(run),
    }));
    return { ...opened };
  },
});
