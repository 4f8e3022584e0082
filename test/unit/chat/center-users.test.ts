import t from 'tap';
import { userKey } from '../../../src/base/ids.js';
import { callCenterPolicy } from '../../../src/chat/access/policy.js';
import { RpcError } from '../../../src/rpc/errors.js';
import { createRig } from '../../helpers/chat-rig.js';
import { eventually } from '../../helpers/eventually.js';

const role = { code: 403, reason: 'role' };
const key = (user: string) => userKey('default', user);

async function center(nodes = 1) {
  const rig = await createRig({ policy: callCenterPolicy, nodes });
  t.teardown(() => rig.close());
  return { rig, admin: await rig.connect('Anna', { role: 'admin' }) };
}

const refused = (connecting: Promise<unknown>): Promise<boolean> =>
  connecting.then(() => false, (error: unknown) =>
    error instanceof RpcError && error.data.reason === 'blocked');

const users = [
  { user: 'Sofia', login: 'sofia', name: 'Sofia', surname: 'Kit', role: 'supervisor' },
  { user: 'Oleh', login: 'oleh', role: 'operator' },
  { user: 'Olena', login: 'olena', role: 'operator', groups: ['night', 'day', 'night'] },
];

t.test('the same import again changes nothing, and a bad row refuses only itself', async (t) => {
  const { rig, admin } = await center();
  t.same(await admin.call('user.import', { users }), {
    created: 3, updated: 0, unchanged: 0, errors: [],
  });
  t.same(await admin.call('user.import', { users }), {
    created: 0, updated: 0, unchanged: 3, errors: [],
  });
  t.same(await admin.call('user.import', {
    users: [
      { user: 'Oleh', surname: 'Koval' }, { login: 'nobody' }, { user: 'Oleh' },
      { user: 'Ivan', active: 'yes' }, { user: 'Ivan', salary: 1 }, 7,
      { user: 'x'.repeat(200) },
    ],
  }), {
    created: 0, updated: 1, unchanged: 0, errors: [
      { index: 1, reason: 'user: missing' }, { index: 2, user: 'Oleh', reason: 'repeated' },
      { index: 3, user: 'Ivan', reason: 'active: wrong_type' },
      { index: 4, user: 'Ivan', reason: 'salary: unknown' }, { index: 5, reason: 'wrong_type' },
      { index: 6, user: 'x'.repeat(200), reason: 'user: too_long' },
    ],
  });
  t.match(await rig.chat.store.users.get(key('Oleh')), {
    login: 'oleh', surname: 'Koval', role: 'operator',
  }, 'what a row does not name is left');
});

t.test('what an admin changed here is kept over an import, unless asked otherwise', async (t) => {
  const { admin } = await center();
  await admin.call('user.import', { users });
  await admin.call('user.update', { user: 'Oleh', role: 'supervisor', active: false });
  await admin.call('user.block', { user: 'Olena' });
  const again = users.map((user) => ({ ...user, active: true }));
  t.match(await admin.call('user.import', { users: again }), { unchanged: 3 });
  t.match(await admin.call('user.get', { user: 'Oleh' }), { role: 'supervisor', active: false });
  t.match(await admin.call('user.get', { user: 'Olena' }), { blocked: true });
  t.match(await admin.call('user.import', { users: again, overwrite: true }), {
    updated: 2, unchanged: 1,
  });
  t.match(await admin.call('user.get', { user: 'Oleh' }), { role: 'operator', active: true });
  t.match(await admin.call('user.get', { user: 'Olena' }), { blocked: false });
});

t.test('a block closes sockets on every node within a second, and refuses new ones', async (t) => {
  const { rig, admin } = await center(2);
  await admin.call('user.import', { users });
  const here = await rig.connect('Oleh');
  const there = await rig.connect('Oleh', {}, 1);
  const sofia = await rig.connect('Sofia');
  t.same(await sofia.refusal('user.block', { user: 'Oleh' }), role);
  t.same(await admin.refusal('user.block', { user: 'Anna' }), { code: -32602, reason: 'self' });
  t.same(await admin.call('user.block', { user: 'Oleh' }), {});
  t.ok(here.session.closing, 'at once on the node of the call');
  rig.clock.advance(500);
  await eventually('the other node has closed it', () => there.session.closing);
  t.ok(await refused(rig.connect('Oleh')));
  t.ok(await refused(rig.connect('Oleh', {}, 1)));
  await admin.call('user.unblock', { user: 'Oleh' });
  rig.clock.advance(500);
  t.ok(await rig.connect('Oleh'), 'by the token from before');
  await eventually('and on the other node', () => rig.connect('Oleh', {}, 1)
    .then(() => true, () => false));
});

t.test('contacts are those one may write to, with dialog, unread and presence', async (t) => {
  const { rig, admin } = await center();
  await admin.call('user.import', { users: [
    ...users, { user: 'Gone', role: 'supervisor', active: false },
    { user: 'Zoya', login: 'aaa', role: 'supervisor' },
  ] });
  await eventually('Anna is known', async () =>
    (await rig.chat.store.users.get(key('Anna')))?.role === 'admin');
  const oleh = await rig.connect('Oleh');
  const sofia = await rig.connect('Sofia');
  t.same(await oleh.call('user.contacts', { sort: 'login' }), {
    contacts: [
      { user: 'Zoya', login: 'aaa', name: 'aaa', role: 'supervisor', online: false, unread: 0 },
      { user: 'Anna', login: 'Anna', name: 'Anna', role: 'admin', online: true, unread: 0 },
      {
        user: 'Sofia', login: 'sofia', name: 'Sofia Kit', role: 'supervisor', online: true,
        unread: 0,
      },
    ],
  });
  await sofia.call('room.direct', { user: 'Oleh' });
  await sofia.call('message.send', { room: 'direct:4:Oleh:Sofia', text: 'Yes?' });
  await rig.quiet();
  t.match(await oleh.call('user.contacts', { limit: 1 }), {
    contacts: [{
      user: 'Sofia', room: 'direct:4:Oleh:Sofia', unread: 1, lastMessage: { text: 'Yes?' },
    }],
    page: String,
  });
  const { page } = Object(await oleh.call('user.contacts', { limit: 2, sort: 'unread' }));
  const rest = Object(await oleh.call('user.contacts', { limit: 2, sort: 'unread', page }));
  t.match(rest, { contacts: [{ user: 'Anna' }] });
  t.notOk('page' in rest, 'and no more');
  t.match(await oleh.call('user.contacts', { query: 'kIT' }), { contacts: [{ user: 'Sofia' }] });
  t.same(await oleh.call('user.contacts', { query: 'olena' }), { contacts: [] });
  await admin.call('user.block', { user: 'Sofia' });
  t.match(await oleh.call('user.contacts', { query: 'sofia' }), { contacts: [] });
  t.same(await oleh.refusal('user.contacts', { page: 'x' }), {
    code: -32602, reason: 'malformed',
  });
});
