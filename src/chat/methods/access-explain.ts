import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { roomKey, userKey } from '../../base/ids.js';
import type { Call } from '../../rpc/method.js';
import { defineMethod } from '../../rpc/method.js';
import type { Target } from '../access/decide.js';
import type { Chat } from '../chat.js';
import { checkId } from '../checks.js';
import { strict, UserId } from '../schemas.js';

const Params = Type.Record(Type.String(), Type.Unknown(), {
  description: 'params of the method in question, by name',
});

const textAt = (params: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  return typeof value === 'string' ? value : undefined;
};

/** The role that a user acts under: the store's, else that of a session here, else the default. */
async function roleOf(app: Chat, tenant: string, user: string): Promise<string> {
  const key = userKey(tenant, user);
  const profile = await app.people.profile(key);
  if (profile?.role !== undefined) return profile.role;
  for (const session of app.hub.sessionsOf(key)) {
    if (session.identity !== undefined) return session.identity.role;
  }
  return app.access.policy.defaultRole;
}

async function targetOf(
  call: Call<Chat>, params: Readonly<Record<string, unknown>>,
): Promise<Target> {
  const { app, identity: { tenant } } = call;
  const [user, room] = [textAt(params, 'user'), textAt(params, 'room')];
  const seq = params['seq'];
  let author: string | undefined;
  if (room !== undefined && typeof seq === 'number' && Number.isSafeInteger(seq) && seq > 0) {
    const [entries] = await app.store.rooms.ranges(
      [{ room: roomKey(tenant, room), from: seq, to: seq }]);
    author = entries?.[0]?.by;
  }
  const role = user === undefined ? undefined : await roleOf(app, tenant, user);
  return compact({ user, role, author, gives: Object.keys(params) });
}

/** Answered by the code that decides (access/decide.ts), so that it can't say otherwise. */
export const accessExplain = defineMethod<Chat>()({
  name: 'access.explain',
  summary: 'Says whether a user may make a call, and which rule decides.',
  params: strict({
    user: UserId,
    method: Type.String({ minLength: 1, maxLength: 128 }),
    params: Type.Optional(Params),
  }),
  result: strict({
    allowed: Type.Boolean(),
    rule: Type.String({ description: 'place in the policy, such as open/rooms/message.send' }),
    role: Type.String({ description: 'that the user acts under' }),
    error: Type.Optional(strict({ code: Type.Integer(), reason: Type.String() })),
  }),
  access: 'identity',
  example: {
    params: { user: 'Petro', method: 'server.stats' },
    result: {
      allowed: false, rule: 'open/roles/user/except/server.stats', role: 'user',
      error: { code: 403, reason: 'role' },
    },
  },
  async handler(call, { user, method, params = {} }) {
    const { app, identity: { tenant }, limits } = call;
    checkId(limits, '/user', user);
    const role = await roleOf(app, tenant, user);
    const room = Object.hasOwn(app.access.policy.rooms, method)
      ? textAt(params, 'room') : undefined;
    const view = room === undefined
      ? undefined : await app.lanes.view(roomKey(tenant, room), user) ?? null;
    const decision = app.access.explain({ user, role }, method, view, await targetOf(call, params));
    const { allowed, rule, error } = decision;
    return compact({
      allowed, rule, role,
      error: error === undefined ? undefined : { code: error.code, reason: error.data.reason },
    });
  },
});
