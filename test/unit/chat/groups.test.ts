import t from 'tap';
import { userKey } from '../../../src/base/ids.js';
import { callCenterPolicy } from '../../../src/chat/access/policy.js';
import { Mailing } from '../../../src/chat/mailing.js';
import { createRig, type Rig } from '../../helpers/chat-rig.js';

async function center(nodes = 1) {
  const rig = await createRig({ policy: callCenterPolicy, nodes });
  t.teardown(() => rig.close());
  const sofia = await rig.connect('Sofia', { role: 'supervisor' });
  await sofia.call('group.create', { group: 'night', title: 'Night shift' });
  return { rig, sofia };
}

const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `u${String(at).padStart(4, '0')}`);

/** Texts that the two have in their dialog. */
async function textsTo(rig: Rig, user: string): Promise<unknown[]> {
  const client = await rig.connect(user, { role: 'operator' });
  const pair = ['Sofia', user].sort();
  const room = `direct:${pair[0]?.length}:${pair.join(':')}`;
  const { messages } = Object(await client.call('message.history', { room }));
  client.session.disconnect();
  return messages.map(({ text }: { text: string }) => text);
}

t.test('a broadcast is one direct message to each active member', async (t) => {
  const { rig, sofia } = await center();
  const admin = await rig.connect('Anna', { role: 'admin' });
  await admin.call('user.import', { users: [
    { user: 'Gone', role: 'operator', active: false }, { user: 'Oleh', role: 'operator' },
    { user: 'Petro', role: 'operator' },
  ] });
  await admin.call('user.block', { user: 'Petro' });
  const users = ['Oleh', 'Gone', 'Petro', 'Olena', 'Sofia'];
  t.same(await sofia.call('group.addUsers', { group: 'night', users }), { members: 5 });
  const oleh = await rig.connect('Oleh');
  await oleh.call('feed.open');
  t.match(await sofia.call('group.broadcast', { group: 'night', text: 'Line\nis down' }), {
    sent: 2, skipped: 3, id: String,
  });
  const [told] = await oleh.untilCount('message.created', 1);
  t.match(told?.params, { from: 'Sofia', text: 'Line\nis down', room: 'direct:4:Oleh:Sofia' });
  t.same(await textsTo(rig, 'Olena'), ['Line\nis down']);
});

t.test('the same key again is the same broadcast', async (t) => {
  const { rig, sofia } = await center();
  await sofia.call('group.addUsers', { group: 'night', users: ['Oleh', 'Olena'] });
  const call = { group: 'night', text: 'Hi', key: 'k' };
  const first = await sofia.call('group.broadcast', call);
  t.same(await sofia.call('group.broadcast', call), first);
  t.same(await textsTo(rig, 'Oleh'), ['Hi']);
  t.same(await sofia.refusal('group.broadcast', { ...call, text: 'Ho' }), {
    code: 409, reason: 'key_reused',
  });
});

t.test('a broadcast whose node died midway reaches each once from another', async (t) => {
  const { rig, sofia } = await center(2);
  const users = ids(200);
  await sofia.call('group.addUsers', { group: 'night', users });
  const { groups, clock } = rig.chat;
  const at = clock.now();
  const begun = await groups.begin({
    tenant: 'default', id: 'b', group: 'night', by: 'Sofia', text: 'Hi', at, after: '', sent: 0,
    skipped: 0, touchedAt: at, done: false,
  });
  // The first node dies in the middle of its second page, which it never notes.
  let submits = 0;
  const dying = new Mailing({
    groups, users: rig.chat.store.users, clock, log: rig.chat.log,
    lanes: {
      submit: (...op) => ((submits += 1) > 420
        ? Promise.reject(new Error('died')) : rig.chat.lanes.submit(...op)),
    },
  });
  await t.rejects(dying.drive(begun), /died/);
  t.match(await groups.broadcasts(9), [{ done: false, sent: 96 }]);
  await rig.sweepBroadcasts(1);
  t.match(await groups.broadcasts(9), [{ done: false }], 'one that may be alive is left alone');
  rig.clock.advance(11_000);
  await rig.sweepBroadcasts(1);
  t.match(await groups.broadcasts(9), [{ done: true, sent: 200, skipped: 0 }]);
  for (const user of ['u0000', 'u0100', 'u0151', 'u0199']) {
    t.same(await textsTo(rig, user), ['Hi'], user);
  }
  rig.clock.advance(25 * 60 * 60 * 1_000);
  await rig.sweepBroadcasts();
  t.same(await groups.broadcasts(9), [], 'and is forgotten a day later');
});

t.test('a broadcast to a thousand holds up nobody else', async (t) => {
  const { rig, sofia } = await center();
  const users = ids(1_000);
  for (let at = 0; at < users.length; at += 500) {
    await sofia.call('group.addUsers', { group: 'night', users: users.slice(at, at + 500) });
  }
  const other = await rig.connect('Anna', { role: 'admin' });
  await other.call('room.create', { room: 'r' });
  let done = false;
  const broadcast = sofia.call('group.broadcast', { group: 'night', text: 'Hi' })
    .finally(() => { done = true; });
  let sends = 0;
  while (!done) {
    await other.call('message.send', { room: 'r', text: String(sends) });
    sends += 1;
  }
  t.match(await broadcast, { sent: 1_000, skipped: 0 });
  t.ok(sends > 20, `${sends} calls of another user went through meanwhile`);
  t.equal(await rig.chat.store.feeds.total(userKey('default', 'Sofia')), 0);
});

t.test('groups are made, changed, shown and deleted, and profiles say who is in', async (t) => {
  const { rig, sofia } = await center();
  const admin = await rig.connect('Anna', { role: 'admin' });
  const operator = await rig.connect('Oleh', { role: 'operator' });
  t.same(await operator.refusal('group.list', {}), { code: 403, reason: 'role' });
  t.same(await operator.refusal('group.broadcast', { group: 'night', text: 'Hi' }), {
    code: 403, reason: 'role',
  });
  t.same(await sofia.refusal('group.create', { group: 'night' }), { code: 409, reason: 'exists' });
  await admin.call('user.import', { users: [{ user: 'Petro', groups: ['day', 'night'] }] });
  t.same(await sofia.call('group.list', {}), { groups: [
    { group: 'day', active: true, members: 1 },
    { group: 'night', title: 'Night shift', active: true, members: 1 },
  ] });
  await admin.call('user.import', { users: [{ user: 'Petro', groups: ['day'] }] });
  t.match(await sofia.call('group.get', { group: 'night' }), { members: 0, users: [] });
  await sofia.call('group.addUsers', { group: 'night', users: ['Petro'] });
  t.match(await sofia.call('user.get', { user: 'Petro' }), { groups: ['day', 'night'] });
  await sofia.call('group.update', { group: 'night', active: false });
  t.same(await sofia.refusal('group.broadcast', { group: 'night', text: 'Hi' }), {
    code: 409, reason: 'inactive',
  });
  t.same(await sofia.call('group.removeUsers', { group: 'day', users: ['Petro'] }), {
    members: 0,
  });
  await sofia.call('group.delete', { group: 'night' });
  t.match(await sofia.call('user.get', { user: 'Petro' }), { groups: [] });
  t.same(await sofia.refusal('group.get', { group: 'night' }), { code: 404, reason: 'not_found' });
});
