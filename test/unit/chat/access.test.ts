import t from 'tap';
import { commonRoomRules, openPolicy, type Policy } from '../../../src/chat/access/policy.js';
import { decide, type Question } from '../../../src/chat/access/decide.js';
import type { RoomView } from '../../../src/chat/chat.js';
import type { RoomKind } from '../../../src/store/entry.js';
import { createRig } from '../../helpers/chat-rig.js';

const view = (kind: RoomKind, member: boolean, purged = false): RoomView => ({
  head: {
    room: 'r', kind, owner: 'Owner', createdAt: 0, members: 2, large: false, purged, epoch: 'e',
    seq: 1, first: 1, count: 0, version: 1, reads: 0, lastAt: 0,
  },
  member: member ? { user: 'x', since: 1, at: 0 } : undefined,
});

const callers = {
  outsider: { user: 'Out', role: 'user', member: false },
  member: { user: 'Mem', role: 'user', member: true },
  owner: { user: 'Owner', role: 'user', member: true },
  admin: { user: 'Root', role: 'admin', member: true },
  strangeAdmin: { user: 'Root', role: 'admin', member: false },
} as const;

const answer = (policy: Policy, question: Question): number | 'yes' => {
  const { allowed, error } = decide(policy, question);
  return allowed ? 'yes' : error?.code ?? 0;
};

t.test('private rooms answer 404 to everybody who is no member, on every method', async (t) => {
  for (const method of Object.keys(commonRoomRules)) {
    for (const kind of ['group', 'direct'] as const) {
      for (const who of ['outsider', 'strangeAdmin'] as const) {
        const caller = callers[who];
        const hidden = decide(openPolicy, { caller, method, room: view(kind, false) });
        const absent = decide(openPolicy, { caller, method, room: null });
        t.strictSame([hidden.error?.code, hidden.error?.message, hidden.error?.data],
          [absent.error?.code, absent.error?.message, absent.error?.data], `${method} ${who}`);
        t.equal(hidden.error?.code, 404);
      }
      t.equal(answer(openPolicy, {
        caller: callers.owner, method, room: view(kind, true, true),
      }), 404, `${method} on a deleted room`);
    }
  }
});

t.test('the open policy gives each what the table says', async (t) => {
  const ask = (who: keyof typeof callers, method: string, kind: RoomKind, target = {}) =>
    answer(openPolicy, {
      caller: callers[who], method, room: view(kind, callers[who].member), target,
    });
  const rows = (method: string, kind: RoomKind, target = {}) =>
    (['outsider', 'member', 'owner', 'admin'] as const)
      .map((who) => ask(who, method, kind, target));
  t.strictSame(rows('message.send', 'group'), [404, 'yes', 'yes', 'yes']);
  t.strictSame(rows('message.send', 'channel'), [403, 403, 'yes', 'yes']);
  t.strictSame(rows('message.history', 'channel'), ['yes', 'yes', 'yes', 'yes']);
  t.strictSame(rows('room.addMember', 'group'), [404, 'yes', 'yes', 'yes']);
  t.strictSame(rows('room.addMember', 'direct'), [404, 403, 403, 403]);
  t.strictSame(rows('room.update', 'group'), [404, 403, 'yes', 'yes']);
  t.strictSame(rows('room.delete', 'group'), [404, 403, 'yes', 'yes']);
  t.strictSame(rows('room.removeMember', 'group', { user: 'Else' }), [404, 403, 'yes', 'yes']);
  t.strictSame(rows('room.removeMember', 'group', { user: 'Mem' }), [404, 'yes', 'yes', 'yes']);
  t.strictSame(rows('message.edit', 'group', { author: 'Mem' }), [404, 'yes', 403, 'yes']);
  t.strictSame(rows('room.subscribe', 'group'), [404, 403, 403, 403]);
  t.strictSame(rows('room.members', 'channel'), [403, 'yes', 'yes', 'yes']);
});

t.test('administration is for administrators', async (t) => {
  for (const method of ['server.stats', 'access.explain', 'user.block', 'group.create']) {
    t.equal(answer(openPolicy, { caller: callers.member, method }), 403);
    t.equal(answer(openPolicy, { caller: callers.admin, method }), 'yes');
    t.equal(answer(openPolicy, { caller: { user: 'x', role: 'made-up' }, method }), 403,
      'a role that nobody defined is the least');
  }
});

t.test('a preset with other roles is data alone', async (t) => {
  const policy: Policy = {
    ...openPolicy, name: 'desk', defaultRole: 'operator', body: false,
    roles: {
      admin: { calls: ['*'], except: [], administers: true, writesTo: ['*'] },
      operator: {
        calls: ['*'], except: ['room.create', 'group.*'], administers: false,
        writesTo: ['admin'],
      },
    },
  };
  const caller = { user: 'Op', role: 'operator' };
  t.equal(answer(policy, { caller, method: 'room.create' }), 403);
  t.equal(answer(policy, { caller, method: 'room.direct', target: { role: 'operator' } }), 403);
  t.equal(answer(policy, { caller, method: 'room.direct', target: { role: 'admin' } }), 'yes');
  t.equal(decide(policy, { caller, method: 'group.list' }).rule,
    'desk/roles/operator/except/group.*');
  const rig = await createRig({ policy });
  t.teardown(() => rig.close());
  const op = await rig.connect('Op', { role: 'operator' });
  const boss = await rig.connect('Boss', { role: 'admin' });
  await rig.chat.store.users.update('default\0Boss' as never, () => ({
    user: 'Boss', role: 'admin', groups: [], active: true, blocked: false, revokedBefore: 0,
    lastSeen: 0, version: 1,
  }));
  t.match(await op.refusal('room.create', {}), { code: 403, reason: 'role' });
  t.match(await op.refusal('room.direct', { user: 'Peer' }), { code: 403, reason: 'target' });
  const { room } = await op.call('room.direct', { user: 'Boss' }) as { room: string };
  t.match(await op.call('message.send', { room, text: 'Help' }), { seq: 2 });
  t.match(await boss.call('message.send', { room, text: 'Coming' }), { seq: 3 });
  t.match(await op.refusal('message.send', { room, body: { a: 1 } }), { code: -32602 });
});

t.test('for an outsider a private room and none are the same, call for call', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const eve = await rig.connect('Eve');
  const root = await rig.connect('Root', { role: 'admin' });
  await simon.call('room.create', { room: 'there', members: ['Fedir'] });
  await simon.call('message.send', { room: 'there', text: 'secret' });
  const answerOf = async (client: typeof eve, method: string, params: object) => {
    const text = await client.session.send(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return text;
  };
  const calls: [string, object][] = [
    ['room.get', {}], ['room.update', { title: 'x' }], ['room.update', {}],
    ['room.addMember', { user: 'Eve' }], ['room.removeMember', { user: 'Simon' }],
    ['room.leave', {}], ['room.members', {}], ['room.delete', {}], ['room.subscribe', {}],
    ['room.unsubscribe', {}], ['message.send', { text: 'x' }],
    ['message.send', { text: 'x', key: 'k' }], ['message.send', { text: 'x', replyTo: 99 }],
    ['message.history', {}], ['message.history', { before: 1 }],
    ['message.edit', { seq: 2, text: 'x' }], ['message.delete', { seq: 2 }],
    ['message.edit', { seq: 99, text: 'x' }], ['message.read', { seq: 1 }],
    ['message.typing', {}], ['message.search', { query: 'secret' }],
  ];
  for (const client of [eve, root]) {
    for (const [method, params] of calls) {
      t.equal(await answerOf(client, method, { room: 'there', ...params }),
        await answerOf(client, method, { room: 'nowhere', ...params }), method);
    }
    const rooms = { there: { seq: 0, epoch: 'x' }, nowhere: { seq: 0, epoch: 'x' } };
    t.notOk('rooms' in (await client.call('feed.open', { rooms }) as object));
    t.notOk('rooms' in (await client.call('feed.read', { rooms }) as object));
    t.match(await client.call('message.search', { query: 'secret' }), { messages: [] });
    t.match(await client.refusal('feed_subscribe', ['room', { room: 'there' }]), { code: 404 });
  }
  t.match(await simon.call('message.history', { room: 'there' }), { messages: { length: 1 } });
  const other = await rig.connect('Simon', { tenant: 'other' });
  t.match(await other.refusal('room.get', { room: 'there' }), { code: 404 });
  t.match(await other.call('room.list'), { rooms: [] }, 'another tenant\'s names are its own');
});

t.test('users never seen may be named, unless only known ones may', async (t) => {
  const rig = await createRig({ users: 'known' });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  t.match(await simon.refusal('room.create', { members: ['Nobody'] }), { code: 404 });
  t.match(await simon.refusal('room.direct', { user: 'Nobody' }), { code: 404 });
  await simon.call('room.create', { room: 'r' });
  t.match(await simon.refusal('room.addMember', { room: 'r', user: 'Nobody' }), { code: 404 });
  await rig.chat.store.users.update('default\0Fedir' as never, () => ({
    user: 'Fedir', groups: [], active: true, blocked: false, revokedBefore: 0, lastSeen: 0,
    version: 1,
  }));
  t.match(await simon.call('room.addMember', { room: 'r', user: 'Fedir' }), { seq: 2 });
});

t.test('limits that are passed are named', async (t) => {
  const rig = await createRig({ limits: { maxTextCodePoints: 3, maxTitleCodePoints: 2 } });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fault = async (method: string, params: object) => {
    const text = await simon.session.send(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return (JSON.parse(text ?? '') as { error: object }).error;
  };
  await simon.call('room.create', { room: 'r' });
  t.match(await fault('message.send', { room: 'r', text: 'abcd' }),
    { code: -32602, data: { path: '/text', reason: 'too_long', limit: 'maxTextCodePoints' } });
  t.match(await simon.call('message.send', { room: 'r', text: '😀😀😀' }), { seq: 2 },
    'counted in code points');
  t.match(await fault('message.send', { room: 'r', text: '' }), { data: { reason: 'empty' } });
  t.match(await fault('message.send', { room: 'r', text: '\ud800' }),
    { data: { reason: 'lone_surrogate' } });
  t.match(await fault('message.send', { room: 'r' }), { code: -32602 });
  t.match(await fault('message.send', { room: 'r', text: 'a', body: 1 }), { code: -32602 });
  t.match(await fault('room.update', { room: 'r', title: 'abc' }),
    { data: { limit: 'maxTitleCodePoints' } });
  t.match(await fault('room.create', { room: 'é'.repeat(65) }),
    { data: { path: '/room', limit: 'maxIdBytes' } });
  t.match(await fault('message.send', { room: 'r', text: 'a', key: 'k'.repeat(129) }),
    { data: { path: '/key', limit: 'maxIdBytes' } });
  for (const room of ['', 'a\0b', 'a\nb', '\ud800']) {
    t.match(await fault('room.create', { room }), { code: -32602 });
  }
  t.match(await fault('room.addMember', { room: 'r', users: Array(501).fill('x') }),
    { data: { limit: 'maxUsersPerCall' } });
});
