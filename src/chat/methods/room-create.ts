import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { code, invalidParams, notFound } from '../../rpc/errors.js';
import { defineMethod, type Call } from '../../rpc/method.js';
import type { RoomKey } from '../../base/ids.js';
import type { Retention } from '../../store/entry.js';
import type { Policy } from '../access/policy.js';
import { digestOf } from '../call-key.js';
import type { Chat } from '../chat.js';
import { checkTitle } from '../checks.js';
import { directPrefix } from '../direct.js';
import { headOfCreated, roomJson } from '../events.js';
import {
  HistorySchema, Key, RoomId, RoomSchema, Title, UserId, strict, type RoomJson,
} from '../schemas.js';
import { checkUserIds, knowing, reading, roomOf, write, type Done } from '../write.js';

/** The room that a call made, or that the same call made before. */
export async function createdRoom(
  call: Call<Chat>, room: RoomKey, id: string, done: Done,
): Promise<RoomJson> {
  if (done.status === 'ok') {
    const [first] = done.entries;
    const last = done.entries.at(-1);
    if (first?.kind === 'create' && last !== undefined) {
      const large = first.room === 'channel' || last.kind === 'large';
      return roomJson(headOfCreated(id, done.epoch, first, last, large));
    }
  }
  const head = await reading(call.app.store.rooms.head(room));
  if (head === undefined) throw notFound();
  return roomJson(head);
}

/** The same key without a room id must find the same room: the id is made from it (G3). */
function newRoomId(call: Call<Chat>, key: string | undefined): string {
  if (key === undefined) return call.app.ids(12);
  const { tenant, user } = call.identity;
  return digestOf(JSON.stringify([tenant, user, key]));
}

/** Where the policy keeps every history for a while, no room may forget earlier. */
function checkHistory(policy: Policy, history: Retention | undefined): void {
  const { minHistoryMs } = policy;
  if (minHistoryMs === undefined || history === undefined) return;
  if (history.maxMessages !== undefined) throw invalidParams('/history/maxMessages', 'not_allowed');
  if ((history.maxAgeMs ?? Infinity) >= minHistoryMs) return;
  throw invalidParams('/history/maxAgeMs', 'too_small');
}

/** The caller owns the room and is one of its members. */
export const roomCreate = defineMethod<Chat>()({
  name: 'room.create',
  summary: 'Makes a room: a private group, or a public channel.',
  params: strict({
    room: Type.Optional(RoomId),
    title: Type.Optional(Title),
    members: Type.Optional(Type.Array(UserId)),
    kind: Type.Optional(Type.Union([Type.Literal('group'), Type.Literal('channel')])),
    history: Type.Optional(HistorySchema),
    key: Type.Optional(Key),
  }),
  result: RoomSchema,
  access: 'identity',
  errors: [
    { code: code.conflict, reason: 'exists', when: 'the chosen id is taken' },
    { code: code.conflict, reason: 'key_reused', when: 'the key came with another room' },
  ],
  example: {
    params: { room: 'create-example', title: 'First chat', members: ['Fedir'] },
    result: {
      room: 'create-example', kind: 'group', title: 'First chat', owner: 'Simon', members: 2,
      large: false, seq: 1, epoch: 'r4Vx0', createdAt: 1_700_000_000_000,
    },
  },
  async handler(call, params) {
    const { app, identity: { user }, limits } = call;
    const { title, kind = 'group', history } = params;
    const others = params.members ?? [];
    checkTitle(limits, title);
    checkHistory(app.access.policy, history);
    if (limits.maxUsersPerCall > 0 && others.length > limits.maxUsersPerCall) {
      throw invalidParams('/members', 'too_many', 'maxUsersPerCall');
    }
    if (params.room?.startsWith(directPrefix) === true) throw invalidParams('/room', 'reserved');
    checkUserIds(call, '/members', others);
    const id = params.room ?? newRoomId(call, params.key);
    const room = roomOf(call, id);
    const members = [...new Set([user, ...others])];
    const content = compact({ title: title === '' ? undefined : title, history });
    const done = await write(call, room, params, (view, base) => ({
      kind: 'create', ...base, ...content, room: kind, members, expect: view?.head.version ?? 0,
    }), knowing(call, others));
    return await createdRoom(call, room, id, done);
  },
});
