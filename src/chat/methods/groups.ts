import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { code, notFound, RpcError } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey, checkTitle, pageSize } from '../checks.js';
import { GroupId, groupExample, groupJson, GroupSchema, groupSetup } from '../group-schemas.js';
import { forgetGroup } from '../group-members.js';
import { Key, Limit, None, Page, strict, Title, UserId } from '../schemas.js';
import { reading } from '../write.js';

const fields = { title: Type.Optional(Title), active: Type.Optional(Type.Boolean()) };
const usualPage = 100;

/** The same group again is the same call; another under its id is refused. */
export const groupCreate = defineMethod<Chat>()({
  name: 'group.create',
  summary: 'Makes a group for mailing.',
  params: strict({ group: GroupId, ...fields, key: Type.Optional(Key) }),
  result: GroupSchema,
  access: 'identity',
  errors: [{ code: code.conflict, reason: 'exists', when: 'the id is taken by another' }],
  example: {
    params: { group: 'create-example', title: 'Night shift' },
    result: { ...groupExample, group: 'create-example', members: 0 },
  },
  async handler(call, { group, title, active = true, key }) {
    const { app, identity: { tenant }, limits } = call;
    checkId(limits, '/group', group);
    checkKey(limits, key);
    checkTitle(limits, title);
    call.handedOn();
    const wanted = compact({ group, title: title === '' ? undefined : title, active });
    const made = await reading(app.groups.create(tenant, wanted));
    if (made !== undefined) return groupJson(made);
    const there = await reading(app.groups.get(tenant, group));
    if (key !== undefined && there?.title === wanted.title && there?.active === active) {
      return groupJson(there);
    }
    throw new RpcError(code.conflict, 'exists');
  },
});

export const groupGet = defineMethod<Chat>()({
  name: 'group.get',
  summary: 'Shows a group, with a page of its members.',
  params: strict({ group: GroupId, limit: Type.Optional(Limit), page: Type.Optional(Page) }),
  result: strict({
    ...GroupSchema.properties, users: Type.Array(UserId), page: Type.Optional(Page),
  }),
  access: 'identity',
  example: {
    setup: groupSetup('get-example'),
    params: { group: 'get-example' },
    result: { ...groupExample, group: 'get-example', users: ['Petro'] },
  },
  async handler(call, { group, limit, page = '' }) {
    const { app, identity: { tenant }, limits } = call;
    checkId(limits, '/group', group);
    const size = pageSize(limits, limit, usualPage);
    const after = Buffer.from(page, 'base64url').toString('utf8');
    const [found, users] = await reading(Promise.all([
      app.groups.get(tenant, group), app.groups.members(tenant, group, after, size),
    ]));
    if (found === undefined) throw notFound();
    const last = users.length < size ? undefined : users.at(-1);
    return compact({ ...groupJson(found), users, page: last && pageAfter(last) });
  },
});

export const groupList = defineMethod<Chat>()({
  name: 'group.list',
  summary: 'Lists the groups for mailing, by id.',
  params: strict({ limit: Type.Optional(Limit), page: Type.Optional(Page) }),
  result: strict({ groups: Type.Array(GroupSchema), page: Type.Optional(Page) }),
  access: 'identity',
  example: { params: { page: 'fg' }, result: { groups: [] } },
  async handler(call, { limit, page = '' }) {
    const { app, identity: { tenant }, limits } = call;
    const size = pageSize(limits, limit, usualPage);
    const after = Buffer.from(page, 'base64url').toString('utf8');
    const groups = await reading(app.groups.list(tenant, after, size));
    const last = groups.length < size ? undefined : groups.at(-1)?.group;
    return compact({ groups: groups.map(groupJson), page: last && pageAfter(last) });
  },
});

export const groupUpdate = defineMethod<Chat>()({
  name: 'group.update',
  summary: 'Gives a group another title, or (de)activates it.',
  params: strict({ group: GroupId, ...fields, key: Type.Optional(Key) }),
  result: GroupSchema,
  access: 'identity',
  example: {
    setup: [{ method: 'group.create', params: { group: 'update-example' } }],
    params: { group: 'update-example', active: false },
    result: { group: 'update-example', active: false, members: 0 },
  },
  async handler(call, { group, title, active, key }) {
    const { app, identity: { tenant }, limits } = call;
    checkId(limits, '/group', group);
    checkKey(limits, key);
    checkTitle(limits, title);
    call.handedOn();
    const changed = await reading(app.groups.update(tenant, group, compact({ title, active })));
    if (changed === undefined) throw notFound();
    return groupJson(changed);
  },
});

export const groupDelete = defineMethod<Chat>()({
  name: 'group.delete',
  summary: 'Deletes a group; what was written to its members stays.',
  params: strict({ group: GroupId, key: Type.Optional(Key) }),
  result: None,
  access: 'identity',
  example: {
    setup: [{ method: 'group.create', params: { group: 'delete-example' } }],
    params: { group: 'delete-example' },
    result: {},
  },
  async handler(call, { group, key }) {
    const { app, identity: { tenant }, limits } = call;
    checkId(limits, '/group', group);
    checkKey(limits, key);
    call.handedOn();
    await reading(forgetGroup(app, tenant, group));
    // Under a key the same call again finds it gone, as it left it (G3).
    if (!await reading(app.groups.remove(tenant, group)) && key === undefined) throw notFound();
    return {};
  },
});

const pageAfter = (id: string): string => Buffer.from(id).toString('base64url');
