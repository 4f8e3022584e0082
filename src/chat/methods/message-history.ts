import Type from 'typebox';
import { RpcError, code, invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { pageSize } from '../checks.js';
import { messageJson } from '../events.js';
import { fitting } from '../fit.js';
import { Epoch, Limit, MessageSchema, Place, RoomId, strict } from '../schemas.js';
import { reading, roomOf, seen } from '../write.js';

const usualPage = 50;

/** Messages only, in their final state; both positions are exclusive. */
export const messageHistory = defineMethod<Chat>()({
  name: 'message.history',
  summary: 'Reads a room back or on: messages in the order of their seq.',
  params: strict({
    room: RoomId,
    before: Type.Optional(Place),
    after: Type.Optional(Place),
    limit: Type.Optional(Limit),
  }),
  result: strict({
    messages: Type.Array(MessageSchema),
    epoch: Epoch,
    first: Place,
    last: Place,
    more: Type.Boolean({ description: 'there is more in the direction of reading' }),
  }),
  access: 'identity',
  errors: [{ code: code.gone, reason: 'gone', when: 'the position is older than what is kept' }],
  example: {
    setup: [
      { method: 'room.create', params: { room: 'history-example' } },
      { method: 'message.send', params: { room: 'history-example', text: 'Hi Fedir' } },
    ],
    params: { room: 'history-example', limit: 10 },
    result: {
      messages: [{
        room: 'history-example', seq: 2, epoch: 'r4Vx0', at: 1_700_000_000_000, from: 'Simon',
        text: 'Hi Fedir',
      }],
      epoch: 'r4Vx0', first: 1, last: 2, more: false,
    },
  },
  async handler(call, { room: id, before, after, limit }) {
    if (before !== undefined && after !== undefined) {
      throw invalidParams('/after', 'before_or_after');
    }
    const size = pageSize(call.limits, limit, usualPage);
    const room = roomOf(call, id);
    const { head } = await seen(call, room);
    const { first, seq: last, epoch } = head;
    const trimmed = first > 1
      && ((before !== undefined && before <= first) || (after !== undefined && after < first - 1));
    if (trimmed) throw new RpcError(code.gone, 'gone', { first });
    const position = before !== undefined ? { before }
      : after !== undefined ? { after } : undefined;
    const page = await reading(call.app.store.rooms.messages(room, position, size));
    const messages = page.messages.map((entry) => messageJson(
      id, epoch, entry, entry.by === call.identity.user ? entry.key : undefined,
    ));
    // What is nearest to the position stays when the page has to end early.
    const backwards = after === undefined;
    const { maxAnswerBytes } = call.limits;
    const fits = fitting(backwards ? messages.toReversed() : messages, maxAnswerBytes);
    return {
      messages: backwards ? messages.slice(messages.length - fits) : messages.slice(0, fits),
      epoch, first, last, more: page.more || fits < messages.length,
    };
  },
});
