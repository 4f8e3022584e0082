import Type from 'typebox';
import { code, invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Target } from '../access/decide.js';
import type { Chat } from '../chat.js';
import { checkText } from '../checks.js';
import { At, Body, Epoch, Key, RoomId, Seq, Text, strict } from '../schemas.js';
import { roomOf, targetOf, write } from '../write.js';

/** Answered once the message is durable (G1); the same key again is the same message (G3). */
export const messageSend = defineMethod<Chat>()({
  name: 'message.send',
  summary: 'Writes a message to a room: exactly one of text and body.',
  params: strict({
    room: RoomId,
    text: Type.Optional(Text),
    body: Type.Optional(Body),
    replyTo: Type.Optional(Seq),
    key: Type.Optional(Key),
  }),
  result: strict({
    seq: Seq, epoch: Epoch, at: At, duplicate: Type.Optional(Type.Boolean()),
  }),
  access: 'identity',
  errors: [
    { code: code.conflict, reason: 'key_reused', when: 'the key came with another message' },
    { code: code.forbidden, reason: 'not_allowed', when: 'a channel of which one only reads' },
  ],
  example: {
    setup: [{ method: 'room.create', params: { room: 'send-example' } }],
    params: { room: 'send-example', text: 'Hi Fedir', key: 'send-example-1' },
    result: { seq: 2, epoch: 'r4Vx0', at: 1_700_000_000_000 },
  },
  async handler(call, params) {
    const { app, identity, limits } = call;
    const { text, body, replyTo } = params;
    const { policy } = app.access;
    const hasBody = body !== undefined && body !== null;
    if ((text === undefined) !== hasBody) throw invalidParams('/text', 'one_of_text_and_body');
    if (hasBody && !policy.body) throw invalidParams('/body', 'not_allowed');
    if (text !== undefined) {
      checkText('/text', text, policy.maxTextCodePoints ?? limits.maxTextCodePoints);
    }
    const content = text !== undefined ? { text } : { body };
    const reply = replyTo === undefined ? undefined : { replyTo };
    const room = roomOf(call, params.room);
    let target: Target | undefined;
    const prepare = app.access.choosesTargets(identity)
      ? async () => { target = await targetOf(call, room); } : undefined;
    const done = await write(call, room, params, (view, base) => {
      const { head } = app.access.room(identity, 'message.send', view, target);
      if (replyTo !== undefined && replyTo > head.seq) {
        throw invalidParams('/replyTo', 'not_there');
      }
      return { kind: 'message', ...base, expect: head.version, ...content, ...reply };
    }, prepare);
    const { seq, epoch, at } = done;
    return done.status === 'duplicate' ? { seq, epoch, at, duplicate: true } : { seq, epoch, at };
  },
});
