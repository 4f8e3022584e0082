import Type from 'typebox';
import { code } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { Epoch, Place, PositionSchema, RoomId, strict } from '../schemas.js';
import { roomOf, seen } from '../write.js';

/** Its events have room, seq and epoch and no cursor: resume from the last seq. */
export const roomSubscribe = defineMethod<Chat>()({
  name: 'room.subscribe',
  summary: 'Listens to a channel, from a position of its log or from now on.',
  params: strict({ room: RoomId, since: Type.Optional(PositionSchema) }),
  result: strict({
    seq: Place, epoch: Epoch,
    recovered: Type.Boolean({ description: 'what came after `since` follows, all of it' }),
  }),
  access: 'identity',
  needsPush: true,
  errors: [
    { code: code.tooManySubscriptions, reason: 'too_many', when: 'past maxRoomSubscriptions' },
    { code: code.forbidden, reason: 'not_allowed', when: 'the room is no channel' },
  ],
  example: {
    setup: [{ method: 'room.create', params: { room: 'news-example', kind: 'channel' } }],
    params: { room: 'news-example' },
    result: { seq: 1, epoch: 'r4Vx0', recovered: true },
  },
  async handler(call, { room: id, since }) {
    const room = roomOf(call, id);
    await seen(call, room);
    return await call.app.hub.watchRoom(call.session, room, {
      afterAnswer: (run) => call.afterAnswer(run), ...(since === undefined ? {} : { since }),
    });
  },
});
