import Type from 'typebox';
import { code, notFound } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { Key, RoomId, Seq, strict } from '../schemas.js';
import { roomOf, write } from '../write.js';
import { authorOf } from './message-edit.js';

/** The text is gone from then on, from history, replays and edits too; its place remains. */
export const messageDelete = defineMethod<Chat>()({
  name: 'message.delete',
  summary: 'Takes a message\'s text away: its author, or an admin.',
  params: strict({ room: RoomId, seq: Seq, key: Type.Optional(Key) }),
  result: strict({ seq: Seq }),
  access: 'identity',
  errors: [{ code: code.forbidden, reason: 'not_allowed', when: 'somebody else wrote it' }],
  example: {
    setup: [
      { method: 'room.create', params: { room: 'delete-example' } },
      { method: 'message.send', params: { room: 'delete-example', text: 'Oops' } },
    ],
    params: { room: 'delete-example', seq: 2 },
    result: { seq: 3 },
  },
  async handler(call, params) {
    const { app, identity } = call;
    const room = roomOf(call, params.room);
    const target = params.seq;
    let author: string | undefined;
    const { seq } = await write(call, room, params, (view, base) => {
      const about = author === undefined ? {} : { author };
      const { head } = app.access.room(identity, 'message.delete', view, about);
      if (author === undefined) throw notFound();
      return { kind: 'delete', ...base, expect: head.version, target };
    }, async () => { author = await authorOf(call, params.room, target); });
    return { seq };
  },
});
