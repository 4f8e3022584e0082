import Type from 'typebox';
import { roomKey } from '../../base/ids.js';
import { code, invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { directRoomId } from '../direct.js';
import { roomJson } from '../events.js';
import { Key, RoomSchema, UserId, strict } from '../schemas.js';
import { checkUserIds, doneOr, knowing, reading, submit, userTarget } from '../write.js';
import { createdRoom } from './room-create.js';

/** Found or made: its id follows from the two users, so both ends find the same one. */
export const roomDirect = defineMethod<Chat>()({
  name: 'room.direct',
  summary: 'The one dialog of the caller and another user.',
  params: strict({ user: UserId, key: Type.Optional(Key) }),
  result: RoomSchema,
  access: 'identity',
  errors: [{ code: code.forbidden, reason: 'target', when: 'the rules keep the two apart' }],
  example: {
    params: { user: 'Fedir' },
    result: {
      room: 'direct:5:Fedir:Simon', kind: 'direct', owner: 'Simon', members: 2, large: false,
      seq: 1, epoch: 'r4Vx0', createdAt: 1_700_000_000_000,
    },
  },
  async handler(call, params) {
    const { app, identity } = call;
    const { user } = params;
    if (user === identity.user) throw invalidParams('/user', 'self');
    checkUserIds(call, '/user', [user]);
    await knowing(call, [user])?.();
    if (app.access.choosesTargets(identity)) {
      app.access.check(identity, 'room.direct', undefined, await userTarget(call, user));
    }
    const id = directRoomId(identity.user, user);
    const room = roomKey(identity.tenant, id);
    const found = await app.lanes.view(room, identity.user);
    if (found !== undefined) return roomJson(found.head);
    const result = await submit(call, room, params, (view, base) => ({
      kind: 'create', ...base, room: 'direct', members: [identity.user, user],
      expect: view?.head.version ?? 0,
    }));
    // The other one was first: the same dialog.
    const head = result.status === 'exists'
      ? await reading(app.store.rooms.head(room)) : undefined;
    return head === undefined
      ? await createdRoom(call, room, id, doneOr(result)) : roomJson(head);
  },
});
