import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { userKey } from '../../base/ids.js';
import { invalidParams } from '../../rpc/errors.js';
import { defineMethod, type Call } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { pageSize } from '../checks.js';
import { decodeCursor } from '../cursor.js';
import { readFeed, type FeedRead } from '../feed-read.js';
import {
  Cursor, FeedEventSchema, Limit, RoomHeads, RoomPositions, StateSchema, strict,
} from '../schemas.js';
import { reading } from '../write.js';

const usualPage = 100;
/** A poll looks again this often: no connection of its user has to be registered anywhere. */
const lookAgainMs = 1_000;
/** Time that the answer needs before the call's life ends. */
const reserveMs = 250;

function pollEnd(call: Call<Chat>, waitMs: number): number {
  const max = call.limits.maxPollMs;
  if (max > 0 && waitMs > max) throw invalidParams('/waitMs', 'too_large', 'maxPollMs');
  return Math.min(call.app.clock.monotonic() + waitMs, call.deadlineAt - reserveMs);
}

/** The same feed by pulling, for whoever can't hold a connection; waits for news if asked to. */
export const feedRead = defineMethod<Chat>()({
  name: 'feed.read',
  summary: 'Reads the caller\'s feed on from a cursor, and waits for news if asked to.',
  params: strict({
    since: Type.Optional(Cursor),
    limit: Type.Optional(Limit),
    waitMs: Type.Optional(Type.Integer({ minimum: 0 })),
    rooms: Type.Optional(RoomPositions),
  }),
  result: strict({
    events: Type.Array(FeedEventSchema),
    cursor: Cursor,
    more: Type.Boolean(),
    recovered: Type.Boolean(),
    state: Type.Optional(StateSchema),
    rooms: Type.Optional(RoomHeads),
  }),
  access: 'identity',
  waits: true,
  example: {
    params: { limit: 10 },
    result: { events: [], cursor: 'Qm9v.4', more: false, recovered: true },
  },
  async handler(call, params) {
    const { app, identity, limits } = call;
    const { rooms } = params;
    const since = params.since === undefined ? undefined : decodeCursor(params.since);
    if (since === undefined && params.since !== undefined) {
      throw invalidParams('/since', 'malformed');
    }
    const limit = pageSize(limits, params.limit, usualPage);
    const endAt = pollEnd(call, params.waitMs ?? 0);
    const user = userKey(identity.tenant, identity.user);
    const wanted = compact({ since, limit, rooms });
    for (;;) {
      const answer: FeedRead = await reading(readFeed(app, identity, wanted, limits));
      const leftMs = endAt - app.clock.monotonic();
      const idle = since !== undefined && answer.recovered && answer.events.length === 0;
      if (!idle || leftMs <= 0 || call.signal.aborted) return answer;
      if (!await app.hub.stir(user, Math.min(leftMs, lookAgainMs), call.signal)) return answer;
    }
  },
});
