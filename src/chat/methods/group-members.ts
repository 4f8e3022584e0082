import Type from 'typebox';
import { invalidParams, notFound } from '../../rpc/errors.js';
import { defineMethod, type Call } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey } from '../checks.js';
import { noteMembership } from '../group-members.js';
import { GroupId } from '../group-schemas.js';
import { Key, strict, UserId } from '../schemas.js';
import { checkUserIds, knowing, reading } from '../write.js';

const params = strict({
  group: GroupId,
  users: Type.Array(UserId, { minItems: 1 }),
  key: Type.Optional(Key),
});
const result = strict({ members: Type.Integer({ description: 'how many the group has then' }) });

interface Given {
  readonly group: string;
  readonly users: readonly string[];
  readonly key?: string;
}

async function change(call: Call<Chat>, { group, users, key }: Given, member: boolean) {
  const { app, identity: { tenant }, limits } = call;
  checkId(limits, '/group', group);
  checkKey(limits, key);
  checkUserIds(call, '/users', users);
  if (limits.maxUsersPerCall > 0 && users.length > limits.maxUsersPerCall) {
    throw invalidParams('/users', 'too_many', 'maxUsersPerCall');
  }
  if (member) await knowing(call, users)?.();
  call.handedOn();
  const changed = await reading(member
    ? app.groups.add(tenant, group, users) : app.groups.take(tenant, group, users));
  if (changed === undefined) throw notFound();
  await reading(noteMembership(app, tenant, group, users, member));
  return { members: changed.members };
}

const setup = (group: string) => [{ method: 'group.create', params: { group } }];

/** A user is in a group once, however often they are added. */
export const groupAddUsers = defineMethod<Chat>()({
  name: 'group.addUsers',
  summary: 'Puts users into a group for mailing.',
  params, result,
  access: 'identity',
  example: {
    setup: setup('add-example'),
    params: { group: 'add-example', users: ['Fedir', 'Petro'] },
    result: { members: 2 },
  },
  handler: (call, given) => change(call, given, true),
});

export const groupRemoveUsers = defineMethod<Chat>()({
  name: 'group.removeUsers',
  summary: 'Takes users out of a group for mailing.',
  params, result,
  access: 'identity',
  example: {
    setup: setup('remove-example'),
    params: { group: 'remove-example', users: ['Fedir'] },
    result: { members: 0 },
  },
  handler: (call, given) => change(call, given, false),
});
