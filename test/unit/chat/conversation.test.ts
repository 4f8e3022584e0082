import t from 'tap';
import { createRig, num, str } from '../../helpers/chat-rig.js';

t.test('a conversation reaches everybody, once and in order', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  await simon.call('feed.open');
  await fedir.call('feed.open');
  await simon.call('room.create', { room: 'first', title: 'First chat' });
  await simon.call('room.addMember', { room: 'first', user: 'Fedir' });
  const sent = await simon.call('message.send', { room: 'first', text: 'Hi Fedir', key: 'a' });
  t.equal(num(sent, 'seq'), 3);
  const [atFedir] = await fedir.untilCount('message.created', 1);
  const [atSimon] = await simon.untilCount('message.created', 1);
  t.match(atFedir?.params, { room: 'first', seq: 3, from: 'Simon', text: 'Hi Fedir' });
  t.notOk(atFedir?.params['key'], 'the key is its sender\'s alone');
  t.equal(atSimon?.params['key'], 'a', 'the sender\'s own devices see the key');
  t.type(atFedir?.params['cursor'], 'string');
  await fedir.untilCount('unread.changed', 1);
  t.match(fedir.of('unread.changed')[0]?.params, { room: 'first', unread: 1, total: 1 });
  t.strictSame(fedir.seen.map(({ method }) => method),
    ['room.memberAdded', 'message.created', 'unread.changed'],
    'a newcomer is told of nothing from before');
});

t.test('unread counts others\' messages after the read position, and reading tells all devices',
  async (t) => {
    const rig = await createRig();
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    const phone = await rig.connect('Fedir');
    const desk = await rig.connect('Fedir');
    for (const client of [simon, phone, desk]) await client.call('feed.open');
    await simon.call('room.create', { room: 'r', members: ['Fedir'] });
    for (const text of ['one', 'two', 'three']) {
      await simon.call('message.send', { room: 'r', text });
    }
    await desk.untilCount('message.created', 3);
    t.match(await phone.call('message.read', { room: 'r', seq: 3 }), { unread: 1 });
    await desk.until(() => desk.of('unread.changed').at(-1)?.params['unread'] === 1);
    t.type(desk.of('unread.changed').at(-1)?.params['cursor'], 'string');
    const [receipt] = await simon.untilCount('message.receipt', 1);
    t.match(receipt?.params, { room: 'r', user: 'Fedir', read: 3 });
    await phone.call('message.send', { room: 'r', text: 'four' });
    await desk.until(() => desk.of('unread.changed').at(-1)?.params['unread'] === 0);
    t.match(await phone.call('room.list'), { rooms: [{ room: 'r', unread: 0 }] });
    t.match(await simon.call('room.list', { unreadOnly: true }), {
      rooms: [{ room: 'r', unread: 1, lastMessage: { text: 'four', from: 'Fedir' } }],
    });
    t.equal((await phone.refusal('message.read', { room: 'r', seq: -1 })).code, -32602);
  });

t.test('a member sees in its room list what it just did itself', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  for (let count = 1; count <= 5; count += 1) {
    await simon.call('room.create', { room: `r${count}` });
    const { rooms } = await simon.call('room.list') as { rooms: unknown[] };
    t.equal(rooms.length, count);
    t.equal(str(rooms[0], 'room'), `r${count}`);
  }
});

t.test('the connection that sends gets its answer before its own event', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  await simon.call('feed.open');
  await simon.call('room.create', { room: 'r' });
  const order: string[] = [];
  const calls = ['a', 'b', 'c'].map(async (key) => {
    await simon.call('message.send', { room: 'r', text: key, key });
    order.push(`answer ${key} ${simon.of('message.created')
      .some(({ params }) => params['key'] === key)}`);
  });
  await Promise.all(calls);
  t.strictSame(order, ['answer a false', 'answer b false', 'answer c false']);
  await simon.untilCount('message.created', 3);
});

t.test('typing is passed on once in its interval, and to the others only', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  await simon.call('feed.open');
  await fedir.call('feed.open');
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await simon.call('message.typing', { room: 'r' });
  await simon.call('message.typing', { room: 'r' });
  t.equal(fedir.of('message.typed').length, 1);
  rig.clock.advance(3_000);
  await simon.call('message.typing', { room: 'r' });
  t.equal(fedir.of('message.typed').length, 2);
  t.equal(simon.of('message.typed').length, 0);
});

t.test('edits and deletions are entries, and a deleted text is nowhere to be read', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  const { cursor } = await fedir.call('feed.open') as { cursor: string };
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await simon.call('message.send', { room: 'r', text: 'secret one' });
  t.match(await simon.call('message.edit', { room: 'r', seq: 2, text: 'secret two' }), { seq: 3 });
  t.match(await fedir.refusal('message.delete', { room: 'r', seq: 2 }),
    { code: 403, reason: 'not_allowed' });
  t.match(await simon.call('message.delete', { room: 'r', seq: 2 }), { seq: 4 });
  const [deleted] = await fedir.untilCount('message.deleted', 1);
  t.match(deleted?.params, { seq: 4, target: 2 });
  const history = await fedir.call('message.history', { room: 'r' });
  t.match(history, { messages: [{ seq: 2, deleted: true }], first: 1, last: 4, more: false });
  const later = await rig.connect('Fedir');
  await later.call('feed.open', { since: cursor });
  await later.untilCount('message.deleted', 1);
  const pulled = await later.call('feed.read', { since: cursor });
  for (const shown of [history, later.seen, pulled,
    await later.call('message.search', { query: 'secret' }), await later.call('room.list')]) {
    t.notMatch(JSON.stringify(shown), /secret/);
  }
  t.match(await simon.refusal('message.edit', { room: 'r', seq: 2, text: 'x' }), { code: 404 });
});

t.test('the same key is the same call, whatever became of the room since', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const made = await simon.call('room.create', { title: 'x', members: ['Fedir'], key: 'k' });
  t.strictSame(await simon.call('room.create', { title: 'x', members: ['Fedir'], key: 'k' }), made);
  t.match(await simon.refusal('room.create', { title: 'y', key: 'k' }),
    { code: 409, reason: 'key_reused' });
  const room = str(made, 'room');
  const first = await simon.call('message.send', { room, text: 'a', key: 'm' });
  const again = await simon.call('message.send', { room, text: 'a', key: 'm' });
  t.match(again, { seq: num(first, 'seq'), duplicate: true });
  t.match(await simon.refusal('message.send', { room, text: 'b', key: 'm' }), { code: 409 });
  const left = await simon.call('room.leave', { room, key: 'l' });
  t.strictSame(await simon.call('room.leave', { room, key: 'l' }), left,
    'who left may ask again whether it did');
  t.match(await simon.call('message.send', { room, text: 'a', key: 'm' }), { duplicate: true });
  t.match(await simon.refusal('message.send', { room, text: 'a', key: 'n' }), { code: 404 });
  await simon.call('room.create', { room: 'mine' });
  t.match(await simon.refusal('room.create', { room: 'mine' }), { code: 409, reason: 'exists' });
});

t.test('two users have one dialog, whoever asks first or both at once', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  const rooms = await Promise.all([
    simon.call('room.direct', { user: 'Fedir' }), fedir.call('room.direct', { user: 'Simon' }),
    simon.call('room.direct', { user: 'Fedir', key: 'k' }),
  ]);
  const ids = new Set(rooms.map((room) => str(room, 'room')));
  t.equal(ids.size, 1);
  const [room] = ids;
  await fedir.call('message.send', { room, text: 'Hi' });
  await rig.quiet();
  t.match(await simon.call('room.list'), { rooms: [{ room, kind: 'direct', peer: 'Fedir' }] });
  t.match(await simon.refusal('room.leave', { room }), { code: 403 });
  t.match(await simon.refusal('room.addMember', { room, user: 'Petro' }), { code: 403 });
  t.match(await simon.refusal('room.direct', { user: 'Simon' }), { code: -32602 });
  t.match(await simon.refusal('room.create', { room: 'direct:x' }), { code: -32602 });
});

t.test('history reads both ways, and says when a position is older than what is kept',
  async (t) => {
    const rig = await createRig();
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    await simon.call('room.create', { room: 'r', history: { maxMessages: 5 } });
    for (let count = 1; count <= 4; count += 1) {
      await simon.call('message.send', { room: 'r', text: `m${count}` });
    }
    const seqs = (page: unknown): number[] =>
      (page as { messages: { seq: number }[] }).messages.map(({ seq }) => seq);
    t.strictSame(seqs(await simon.call('message.history', { room: 'r', limit: 2 })), [4, 5]);
    const back = await simon.call('message.history', { room: 'r', before: 4, limit: 1 });
    t.strictSame(seqs(back), [3]);
    t.match(back, { more: true });
    t.strictSame(seqs(await simon.call('message.history', { room: 'r', after: 3 })), [4, 5]);
    t.strictSame(seqs(await simon.call('message.history', { room: 'r', before: 1 })), []);
    t.match(await simon.refusal('message.history', { room: 'r', before: 1, after: 1 }),
      { code: -32602 });
    t.match(await simon.refusal('message.history', { room: 'r', limit: 501 }), { code: -32602 });
    for (let count = 5; count <= 200; count += 1) {
      await simon.call('message.send', { room: 'r', text: `m${count}` });
    }
    await rig.quiet();
    // What is trimmed is committed along with the next write.
    await simon.call('message.send', { room: 'r', text: 'last' });
    const kept = await simon.call('message.history', { room: 'r', limit: 500 });
    t.ok(num(kept, 'first') > 100, 'the room was trimmed');
    t.match(await simon.refusal('message.history', { room: 'r', before: 10 }),
      { code: 410, reason: 'gone' });
    t.match(await simon.refusal('message.history', { room: 'r', after: 10 }), { code: 410 });
  });

t.test('search finds what the caller may read, newest first, over all of its rooms', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  await simon.call('room.create', { room: 'a', members: ['Fedir'] });
  await simon.call('room.create', { room: 'b' });
  for (const [room, text] of [['a', 'Red key'], ['b', 'blue KEY'], ['a', 'green Key'],
    ['b', 'nothing']]) {
    rig.clock.advance(10);
    await simon.call('message.send', { room, text });
  }
  const texts = (found: unknown): string[] =>
    (found as { messages: { text: string }[] }).messages.map(({ text }) => text);
  t.strictSame(texts(await simon.call('message.search', { query: 'key' })),
    ['green Key', 'blue KEY', 'Red key']);
  const first = await simon.call('message.search', { query: 'key', limit: 2 });
  t.strictSame(texts(first), ['green Key', 'blue KEY']);
  t.match(first, { more: true });
  await rig.quiet();
  t.strictSame(texts(await fedir.call('message.search', { query: 'KEY' })),
    ['green Key', 'Red key']);
  t.match(await fedir.refusal('message.search', { query: 'key', room: 'b' }), { code: 404 });
});

t.test('who was removed is told and hears nothing after; a new membership begins anew',
  async (t) => {
    const rig = await createRig();
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    const fedir = await rig.connect('Fedir');
    await fedir.call('feed.open');
    await simon.call('room.create', { room: 'r', members: ['Fedir'] });
    await simon.call('message.send', { room: 'r', text: 'heard 1' });
    const removed = simon.call('room.removeMember', { room: 'r', user: 'Fedir' });
    const unheard = simon.call('message.send', { room: 'r', text: 'unheard' });
    await Promise.all([removed, unheard]);
    await simon.call('room.addMember', { room: 'r', user: 'Fedir' });
    await simon.call('message.send', { room: 'r', text: 'heard 2' });
    await fedir.untilCount('message.created', 2);
    const events = fedir.seen.filter(({ method }) => method !== 'unread.changed');
    t.strictSame(events.map(({ method, params }) => [method, params['seq'], params['text']]), [
      ['room.created', 1, undefined], ['message.created', 2, 'heard 1'],
      ['room.memberRemoved', 3, undefined], ['room.memberAdded', 5, undefined],
      ['message.created', 6, 'heard 2'],
    ]);
    await simon.call('room.delete', { room: 'r' });
    await fedir.untilCount('room.deleted', 1);
    await rig.quiet();
    t.match(await fedir.call('room.list'), { rooms: [] });
    t.match(await fedir.refusal('room.get', { room: 'r' }), { code: 404 });
  });

t.test('a read that goes along with what is being forwarded holds up no list', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  await simon.call('room.create', { room: 'r' });
  await rig.quiet();
  await simon.call('message.send', { room: 'r', text: 'Hi' });
  await simon.call('message.read', { room: 'r', seq: 2 });
  t.match(await simon.call('room.list', {}), { rooms: [{ room: 'r', unread: 0 }] });
});
