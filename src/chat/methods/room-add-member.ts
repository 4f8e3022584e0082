import Type from 'typebox';
import { code, invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { Key, RoomId, Seq, UserId, strict } from '../schemas.js';
import { checkUserIds, knowing, roomOf, write } from '../write.js';

/** One entry for each user who is no member yet; who is one already changes nothing. */
export const roomAddMember = defineMethod<Chat>()({
  name: 'room.addMember',
  summary: 'Adds one user or several to a room: any member may.',
  params: strict({
    room: RoomId,
    user: Type.Optional(UserId),
    users: Type.Optional(Type.Array(UserId, { minItems: 1 })),
    key: Type.Optional(Key),
  }),
  result: strict({ seq: Seq }),
  access: 'identity',
  errors: [{ code: code.conflict, reason: 'full', when: 'the room would pass maxMembers' }],
  example: {
    setup: [{ method: 'room.create', params: { room: 'add-example' } }],
    params: { room: 'add-example', user: 'Fedir' },
    result: { seq: 2 },
  },
  async handler(call, params) {
    const { app, identity, limits } = call;
    const { user } = params;
    if ((user === undefined) === (params.users === undefined)) {
      throw invalidParams('/user', 'one_of_user_and_users');
    }
    const users = params.users ?? (user === undefined ? [] : [user]);
    if (limits.maxUsersPerCall > 0 && users.length > limits.maxUsersPerCall) {
      throw invalidParams('/users', 'too_many', 'maxUsersPerCall');
    }
    const room = roomOf(call, params.room);
    checkUserIds(call, user === undefined ? '/users' : '/user', users);
    const { seq } = await write(call, room, params, (view, base) => {
      const { head } = app.access.room(identity, 'room.addMember', view);
      return { kind: 'add', ...base, users, expect: head.version };
    }, knowing(call, users));
    return { seq };
  },
});
