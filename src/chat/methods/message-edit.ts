import Type from 'typebox';
import { roomKey } from '../../base/ids.js';
import { code, notFound } from '../../rpc/errors.js';
import { defineMethod, type Call } from '../../rpc/method.js';
import type { Target } from '../access/decide.js';
import type { Chat } from '../chat.js';
import { checkText } from '../checks.js';
import { Key, RoomId, Seq, Text, strict } from '../schemas.js';
import { reading, roomOf, targetOf, write } from '../write.js';

/**
 * Who wrote the message that a call names; undefined where there is none. An author never changes,
 * so that the answer holds when the call's turn comes.
 */
export async function authorOf(
  call: Call<Chat>, room: string, seq: number,
): Promise<string | undefined> {
  const key = roomKey(call.identity.tenant, room);
  const [entries] = await reading(
    call.app.store.rooms.ranges([{ room: key, from: seq, to: seq }]),
  );
  const entry = entries?.[0];
  return entry?.kind === 'message' ? entry.by : undefined;
}

/** The edit is an entry of its own; the message itself shows its new text from then on. */
export const messageEdit = defineMethod<Chat>()({
  name: 'message.edit',
  summary: 'Gives a message another text: its author, or an admin.',
  params: strict({ room: RoomId, seq: Seq, text: Text, key: Type.Optional(Key) }),
  result: strict({ seq: Seq }),
  access: 'identity',
  errors: [{ code: code.forbidden, reason: 'not_allowed', when: 'somebody else wrote it' }],
  example: {
    setup: [
      { method: 'room.create', params: { room: 'edit-example' } },
      { method: 'message.send', params: { room: 'edit-example', text: 'Helo' } },
    ],
    params: { room: 'edit-example', seq: 2, text: 'Hello' },
    result: { seq: 3 },
  },
  async handler(call, params) {
    const { app, identity, limits } = call;
    const room = roomOf(call, params.room);
    const { text, seq: target } = params;
    checkText('/text', text, app.access.policy.maxTextCodePoints ?? limits.maxTextCodePoints);
    let author: string | undefined;
    let written: Target | undefined;
    const { seq } = await write(call, room, params, (view, base) => {
      const about = author === undefined ? { ...written } : { ...written, author };
      const { head } = app.access.room(identity, 'message.edit', view, about);
      if (author === undefined) throw notFound();
      return { kind: 'edit', ...base, expect: head.version, target, text };
    }, async () => {
      author = await authorOf(call, params.room, target);
      if (app.access.choosesTargets(identity)) written = await targetOf(call, room);
    });
    return { seq };
  },
});
