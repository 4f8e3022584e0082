import t from 'tap';
import { userKey } from '../../../src/base/ids.js';
import { callCenterPolicy } from '../../../src/chat/access/policy.js';
import { createRig, num, type Rig } from '../../helpers/chat-rig.js';
import { eventually } from '../../helpers/eventually.js';

const hourMs = 60 * 60 * 1_000;

/** A desk: one of each role, known to the store. */
async function desk() {
  const rig = await createRig({ policy: callCenterPolicy });
  t.teardown(() => rig.close());
  const admin = await rig.connect('Anna', { role: 'admin' });
  const supervisor = await rig.connect('Sofia', { role: 'supervisor' });
  const operator = await rig.connect('Oleh', { role: 'operator' });
  const other = await rig.connect('Olena', { role: 'operator' });
  for (const user of ['Anna', 'Sofia', 'Oleh', 'Olena']) {
    await eventually(`${user} is known`, () => known(rig, user));
  }
  return { rig, admin, supervisor, operator, other };
}

const known = async (rig: Rig, user: string): Promise<boolean> =>
  (await rig.chat.store.users.get(userKey('default', user)))?.role !== undefined;

const unreadIn = (answer: unknown): number[] => {
  const rooms: unknown = Reflect.get(Object(answer), 'rooms');
  if (!Array.isArray(rooms)) throw new Error('no list of rooms');
  return rooms.map((room) => num(room, 'unread'));
};

const role = { code: 403, reason: 'role' };
const target = { code: 403, reason: 'target' };

t.test('an operator writes to supervisors and admins, and to nobody else', async (t) => {
  const { operator, other, supervisor } = await desk();
  t.match(await operator.call('room.direct', { user: 'Sofia' }), { kind: 'direct' });
  t.match(await operator.call('message.send', {
    room: 'direct:4:Oleh:Sofia', text: 'How much\nis it?',
  }), { seq: 2 });
  t.match(await operator.call('room.direct', { user: 'Anna' }), { kind: 'direct' });
  t.same(await operator.refusal('room.direct', { user: 'Olena' }), target);
  t.same(await other.refusal('room.direct', { user: 'Nobody' }), target, 'or of no known role');
  await supervisor.call('room.create', { room: 'team', members: ['Oleh', 'Olena'] });
  t.same(await operator.refusal('message.send', { room: 'team', text: 'Hi Olena' }), role);
  t.same(await operator.refusal('message.typing', { room: 'team' }), role);
  t.match(await operator.call('message.history', { room: 'team' }), { messages: [] });
});

t.test('a dialog is closed to an operator once the other is no supervisor any more', async (t) => {
  const { admin, operator } = await desk();
  await operator.call('room.direct', { user: 'Sofia' });
  await operator.call('message.send', { room: 'direct:4:Oleh:Sofia', text: 'Helo' });
  await admin.call('user.update', { user: 'Sofia', role: 'operator' });
  const room = 'direct:4:Oleh:Sofia';
  t.same(await operator.refusal('message.send', { room, text: 'Hi' }), target);
  t.same(await operator.refusal('message.edit', { room, seq: 2, text: 'Hi' }), target);
  t.same(await operator.refusal('message.typing', { room }), target);
});

t.test('an operator makes no rooms and no groups, and sees no other operators', async (t) => {
  const { operator } = await desk();
  t.same(await operator.refusal('room.create', { room: 'r' }), role);
  t.same(await operator.call('presence.query', { users: ['Sofia', 'Olena'] }), {
    users: { Sofia: { online: true, devices: 1 }, Olena: { online: false, devices: 0 } },
  });
  const { users } = Object(await operator.call('user.list', {}));
  t.same(users.map(({ user }: { user: string }) => user), ['Anna', 'Sofia']);
  t.same(await operator.refusal('user.get', { user: 'Olena' }), {
    code: 404, reason: 'not_found',
  });
});

t.test('a supervisor blocks nobody, by no road', async (t) => {
  const { supervisor } = await desk();
  const change = (more: object) => ({ user: 'Oleh', ...more });
  t.same(await supervisor.refusal('user.update', change({ role: 'admin' })), role);
  t.same(await supervisor.refusal('user.update', change({ active: false })), role);
  t.match(await supervisor.call('user.update', change({ surname: 'Koval' })), {
    surname: 'Koval',
  });
  t.same(await supervisor.refusal('session.revoke', { user: 'Oleh' }), role);
  t.match(await supervisor.call('access.explain', { user: 'Sofia', method: 'user.block' }), {
    allowed: false, rule: 'call-center/roles/supervisor/except/user.block',
  });
  t.match(await supervisor.call('access.explain', {
    user: 'Sofia', method: 'user.update', params: { user: 'Oleh', active: false },
  }), { allowed: false, rule: 'call-center/roles/supervisor/withheld/user.update/active' });
  t.match(await supervisor.call('access.explain', {
    user: 'Oleh', method: 'room.direct', params: { user: 'Olena' },
  }), { allowed: false, rule: 'call-center/roles/operator/writesTo' });
});

t.test('text has 250 code points with line breaks, and there is no body', async (t) => {
  const { operator } = await desk();
  await operator.call('room.direct', { user: 'Sofia' });
  const room = 'direct:4:Oleh:Sofia';
  const longest = `${'🙂'.repeat(248)}\n🙂`;
  t.match(await operator.call('message.send', { room, text: longest }), { seq: 2 });
  t.same(await operator.refusal('message.send', { room, text: `${longest}!` }), {
    code: -32602, reason: 'too_long',
  });
  t.same(await operator.refusal('message.send', { room, body: { a: 1 } }), {
    code: -32602, reason: 'not_allowed',
  });
});

t.test('no room forgets within five days', async (t) => {
  const { supervisor } = await desk();
  const make = (history: object) => ({ room: 'r', history });
  t.same(await supervisor.refusal('room.create', make({ maxAgeMs: 119 * hourMs })), {
    code: -32602, reason: 'too_small',
  });
  t.same(await supervisor.refusal('room.create', make({ maxMessages: 9 })), {
    code: -32602, reason: 'not_allowed',
  });
  t.match(await supervisor.call('room.create', make({ maxAgeMs: 120 * hourMs })), { seq: 1 });
});

t.test('an unread message is new for a day, in lists and in what is pushed', async (t) => {
  const { rig, operator, supervisor } = await desk();
  await operator.call('room.direct', { user: 'Sofia' });
  const room = 'direct:4:Oleh:Sofia';
  await operator.call('message.send', { room, text: 'first' });
  await operator.call('message.send', { room, text: 'second' });
  await rig.quiet();
  t.same(unreadIn(await supervisor.call('room.list', {})), [2]);
  rig.clock.advance(23 * hourMs);
  t.same(unreadIn(await supervisor.call('room.list', {})), [2]);
  rig.clock.advance(2 * hourMs);
  t.same(unreadIn(await supervisor.call('room.list', {})), [0], 'old ones are not new');
  await supervisor.call('feed.open');
  await operator.call('message.send', { room, text: 'third' });
  const [told] = await supervisor.untilCount('unread.changed', 1);
  t.match(told?.params, { unread: 1, total: 1 });
  t.match(await supervisor.call('message.read', { room, seq: 2 }), { unread: 1 });
  t.match(await supervisor.call('message.history', { room }), { first: 1, last: 4 });
});

t.test('the last logout marks all as read, an earlier one nothing', async (t) => {
  const { rig, operator, supervisor } = await desk();
  await operator.call('room.direct', { user: 'Sofia' });
  await operator.call('message.send', { room: 'direct:4:Oleh:Sofia', text: 'Hi' });
  await rig.quiet();
  const second = await rig.connect('Sofia', { role: 'supervisor' });
  await supervisor.call('session.logout');
  t.same(unreadIn(await second.call('room.list', {})), [1]);
  await second.call('session.logout');
  await eventually('all is read', async () =>
    await rig.chat.store.feeds.total(userKey('default', 'Sofia')) === 0);
});

t.test('an hour without a call marks all as read, a key stroke keeps it', async (t) => {
  const { rig, operator, supervisor } = await desk();
  await operator.call('room.direct', { user: 'Sofia' });
  const room = 'direct:4:Oleh:Sofia';
  await operator.call('message.send', { room, text: 'Hi' });
  await rig.quiet();
  await supervisor.call('message.typing', { room });
  const total = () => rig.chat.store.feeds.total(userKey('default', 'Sofia'));
  const look = async () => {
    await rig.lookForIdle();
    await rig.quiet();
  };
  await look();
  rig.clock.advance(hourMs - 1);
  await look();
  t.equal(await total(), 1);
  await supervisor.call('message.typing', { room });
  rig.clock.advance(hourMs - 1);
  await look();
  t.equal(await total(), 1, 'the hour began anew');
  rig.clock.advance(1);
  await look();
  t.equal(await total(), 0);
});
