import t, { type Test } from 'tap';
import { RoomUnderTest, type StoreFactory, type StoreUnderTest } from './harness.js';
import { roomReading } from './rooms-reading.js';
import { roomSettling } from './rooms-settling.js';

/** Adds one test with a room of its own. */
export type WithRoom = (
  title: string, run: (t: Test, room: RoomUnderTest, under: StoreUnderTest) => Promise<void>,
  limits?: Readonly<Record<string, number>>,
) => Promise<unknown>;

/** What every room store does; the factory makes the one under test. */
export async function roomConformance(name: string, make: StoreFactory): Promise<void> {
  await t.test(`rooms: ${name}`, async (t) => {
    const withRoom: WithRoom = (title, run, limits) => t.test(title, async (t) => {
      const under = await make(limits);
      try {
        await run(t, new RoomUnderTest(under), under);
      } finally {
        await under.close();
      }
    });
    await creating(withRoom);
    await writing(withRoom);
    await editing(withRoom);
    await membership(withRoom);
    await keys(withRoom);
    await roomReading(withRoom);
    await roomSettling(withRoom);
  });
}

async function creating(withRoom: WithRoom): Promise<void> {
  await withRoom('a created room begins at 1 with its members', async (t, room, { store }) => {
    t.equal(await store.rooms.head(room.room), undefined);
    const created = await room.create('ann', ['ann', 'bob'], { title: 'T' });
    t.equal(created.seq, 1);
    const head = await store.rooms.head(room.room);
    t.match(head, {
      room: 'r', kind: 'group', title: 'T', owner: 'ann', members: 2, large: false,
      purged: false, epoch: created.epoch, seq: 1, first: 1, count: 0, version: 1, reads: 0,
    });
    t.match(created.entries, [
      { kind: 'create', seq: 1, by: 'ann', count: 0, members: ['ann', 'bob'], title: 'T' },
    ]);
    t.ok((head?.createdAt ?? 0) > 0);
  });

  await withRoom('a room that is there is not created again', async (t, room) => {
    await room.create('ann', ['ann']);
    const again = room.op('bob', { kind: 'create', room: 'group', members: ['bob'] },
      { expect: 0 });
    t.same(await room.append(again), [{ status: 'exists' }]);
  });

  await withRoom('channels are large from their creation', async (t, room, { store }) => {
    await room.ok('ann', { kind: 'create', room: 'channel', members: ['ann'] });
    t.match(await store.rooms.head(room.room), { large: true, seq: 1 });
  });

  await withRoom('the same id in another tenant is another room', async (t, room, under) => {
    await room.create('ann', ['ann']);
    const other = new RoomUnderTest({ ...under, tenant: `${under.tenant}x` });
    t.equal(await under.store.rooms.head(other.room), undefined);
    await other.create('eve', ['eve']);
    await other.say('eve', 'hi');
    t.match(await under.store.rooms.head(room.room), { owner: 'ann', seq: 1 });
  });
}

async function writing(withRoom: WithRoom): Promise<void> {
  await withRoom('entries are numbered without gap (G2)', async (t, room, { store }) => {
    await room.create('ann', ['ann', 'bob']);
    const results = await room.append(
      room.op('ann', { kind: 'message', text: 'one' }),
      room.op('bob', { kind: 'message', body: { a: [1, null] }, replyTo: 2 }),
    );
    t.match(results, [{ status: 'ok', seq: 2 }, { status: 'ok', seq: 3 }]);
    await Promise.all([room.say('ann', 'three'), room.say('ann', 'four')]);
    const [log] = await store.rooms.ranges([{ room: room.room, from: 1, to: 99 }]);
    t.same(log?.map(({ seq }) => seq), [1, 2, 3, 4, 5]);
    t.same(log?.map(({ count }) => count), [0, 1, 2, 3, 4]);
    t.match(log?.[1], { kind: 'message', text: 'one', by: 'ann' });
    t.match(log?.[2], { kind: 'message', body: { a: [1, null] }, replyTo: 2, by: 'bob' });
    t.match(log?.slice(3), [{ text: 'three' }, { text: 'four' }], 'calls take effect in order');
    t.match(await store.rooms.head(room.room), { seq: 5, count: 4, version: 1 });
  });

  await withRoom('time never falls within a room', async (t, room, { store, now }) => {
    await room.create('ann', ['ann']);
    await room.append({ ...room.op('ann', { kind: 'message', text: 'late' }), at: now() + 500 });
    await room.append({ ...room.op('ann', { kind: 'message', text: 'early' }), at: now() - 500 });
    const [log] = await store.rooms.ranges([{ room: room.room, from: 2, to: 3 }]);
    t.equal(log?.[0]?.at, log?.[1]?.at);
  });

  await withRoom('a version that changed answers stale, for all that follows', async (t, room) => {
    await room.create('ann', ['ann', 'bob']);
    const before = room.expect;
    await room.ok('ann', { kind: 'remove', user: 'bob' });
    const results = await room.append(
      room.op('ann', { kind: 'message', text: 'a' }),
      room.op('bob', { kind: 'message', text: 'b' }, { expect: before }),
      room.op('ann', { kind: 'message', text: 'c' }),
    );
    t.same(results.map(({ status }) => status), ['ok', 'stale', 'stale']);
    t.match(await room.under.store.rooms.head(room.room), { seq: 3, count: 1 });
  });

  await withRoom('a room that is not there is missing', async (t, room) => {
    t.same(await room.append(room.op('ann', { kind: 'message', text: 'x' }, { expect: 0 })),
      [{ status: 'missing' }]);
    t.same(await room.append(room.op('ann', { kind: 'message', text: 'x' }, { expect: 7 })),
      [{ status: 'stale' }]);
  });

  await withRoom('the title changes once for the same title', async (t, room, { store }) => {
    await room.create('ann', ['ann'], { title: 'A' });
    t.match(await room.ok('ann', { kind: 'title', title: 'B' }),
      { seq: 2, entries: [{ kind: 'title', title: 'B' }] });
    t.match(await room.ok('ann', { kind: 'title', title: 'B' }), { seq: 2, entries: [] });
    t.match(await store.rooms.head(room.room), { title: 'B', version: 2 });
    await room.ok('ann', { kind: 'title' });
    t.equal((await store.rooms.head(room.room))?.title, undefined);
  });
}

async function editing(withRoom: WithRoom): Promise<void> {
  await withRoom('an edit is logged and changes its message', async (t, room, { store }) => {
    await room.create('ann', ['ann']);
    await room.say('ann', 'old');
    const edited = await room.ok('ann', { kind: 'edit', target: 2, text: 'new' });
    t.match(edited.entries, [{ kind: 'edit', seq: 3, target: 2, text: 'new', count: 1 }]);
    const [log] = await store.rooms.ranges([{ room: room.room, from: 2, to: 3 }]);
    t.match(log, [{ kind: 'message', text: 'new', editedAt: edited.at, count: 1 },
      { kind: 'edit', target: 2, text: 'new' }]);
    t.equal((await store.rooms.head(room.room))?.version, 1, 'who may do what is as before');
  });

  await withRoom('a deleted text is gone from every entry (G11)', async (t, room, { store }) => {
    await room.create('ann', ['ann']);
    await room.say('ann', 'secret');
    await room.ok('ann', { kind: 'edit', target: 2, text: 'secret too' });
    await room.ok('ann', { kind: 'edit', target: 2, text: 'secret three' });
    await room.ok('ann', { kind: 'delete', target: 2 });
    const [log] = await store.rooms.ranges([{ room: room.room, from: 1, to: 9 }]);
    t.notMatch(JSON.stringify(log), /secret/);
    t.match(log?.[1], { kind: 'message', deleted: true });
    t.match(log?.[4], { kind: 'delete', target: 2, seq: 5 });
    t.same(await room.append(room.op('ann', { kind: 'delete', target: 2 })),
      [{ status: 'missing' }]);
    t.same(await room.append(room.op('ann', { kind: 'edit', target: 2, text: 'x' })),
      [{ status: 'missing' }]);
    t.same(await room.append(room.op('ann', { kind: 'edit', target: 3, text: 'x' })),
      [{ status: 'missing' }], 'an edit is no message');
    t.same(await room.append(room.op('ann', { kind: 'edit', target: 99, text: 'x' })),
      [{ status: 'missing' }]);
  });

  await withRoom('an edited body becomes a text', async (t, room, { store }) => {
    await room.create('ann', ['ann']);
    await room.ok('ann', { kind: 'message', body: 7 });
    await room.ok('ann', { kind: 'edit', target: 2, text: 'seven' });
    const [log] = await store.rooms.ranges([{ room: room.room, from: 2, to: 2 }]);
    t.match(log, [{ text: 'seven' }]);
    t.notOk(log?.[0] !== undefined && 'body' in log[0]);
  });
}

async function membership(withRoom: WithRoom): Promise<void> {
  await withRoom('each user added is one entry, members are none', async (t, room, under) => {
    await room.create('ann', ['ann']);
    const added = await room.ok('ann', { kind: 'add', users: ['bob', 'ann', 'cat', 'bob'] });
    t.match(added.entries, [{ kind: 'add', user: 'bob', seq: 2 }, { kind: 'add', user: 'cat' }]);
    t.equal(added.seq, 3);
    t.equal(added.version, 3);
    t.match(await room.ok('ann', { kind: 'add', users: ['cat'] }), { seq: 3, entries: [] });
    const { rooms } = under.store;
    t.same((await rooms.members(room.room, '', 2)).map(({ user }) => user), ['ann', 'bob']);
    t.match(await rooms.members(room.room, 'bob', 2), [{ user: 'cat', since: 3 }]);
    t.match(await rooms.membership(room.room, 'bob'),
      { head: { members: 3 }, member: { user: 'bob', since: 2 } });
    await room.ok('bob', { kind: 'remove', user: 'bob' });
    t.match(await room.ok('bob', { kind: 'remove', user: 'bob' }), { entries: [] });
    t.equal((await rooms.membership(room.room, 'bob'))?.member, undefined);
    t.equal((await rooms.head(room.room))?.members, 2);
  });

  await withRoom('a room that outgrows the feeds says from where on', async (t, room, under) => {
    await room.create('ann', ['ann', 'bob']);
    const added = await room.ok('ann', { kind: 'add', users: ['cat', 'dan'] });
    t.match(added.entries, [{ kind: 'add' }, { kind: 'add' }, { kind: 'large', seq: 4 }]);
    await room.ok('ann', { kind: 'remove', user: 'dan' });
    await room.ok('ann', { kind: 'remove', user: 'cat' });
    t.match(await under.store.rooms.head(room.room), { large: true, members: 2, seq: 6 });
  }, { feedFanoutLimit: 3 });

  await withRoom('a room created above the limit is large at once', async (t, room) => {
    const created = await room.create('ann', ['ann', 'bob', 'cat']);
    t.match(created.entries, [{ kind: 'create' }, { kind: 'large', seq: 2 }]);
  }, { feedFanoutLimit: 2 });

  await withRoom('a full room takes nobody', async (t, room, { store }) => {
    await room.create('ann', ['ann', 'bob']);
    t.same(await room.append(room.op('ann', { kind: 'add', users: ['cat', 'dan'] })),
      [{ status: 'full' }]);
    t.match(await store.rooms.head(room.room), { members: 2, seq: 1 });
    await room.ok('ann', { kind: 'add', users: ['cat'] });
  }, { maxMembers: 3 });
}

async function keys(withRoom: WithRoom): Promise<void> {
  await withRoom('the same key again is the same call (G3)', async (t, room, { store }) => {
    await room.create('ann', ['ann', 'bob']);
    const first = await room.ok('ann', { kind: 'message', text: 'hi' }, { key: 'k' });
    t.equal(first.entries[0]?.key, 'k', 'a key that was given is kept in the entry');
    const again = await room.append(
      room.op('ann', { kind: 'message', text: 'hi' }, { key: 'k' }),
      room.op('ann', { kind: 'message', text: 'other' }, { key: 'k' }),
      room.op('bob', { kind: 'message', text: 'hi' }, { key: 'k' }),
    );
    t.match(again, [
      { status: 'duplicate', seq: 2, at: first.at, epoch: first.epoch },
      { status: 'conflict' }, { status: 'ok', seq: 3 },
    ], 'a key belongs to its sender');
    const other = new RoomUnderTest(room.under, 'r2');
    await other.create('ann', ['ann']);
    t.match(await other.ok('ann', { kind: 'message', text: 'hi' }, { key: 'k' }), { seq: 2 },
      'and to its room');
    const [log] = await store.rooms.ranges([{ room: room.room, from: 1, to: 9 }]);
    t.equal(log?.length, 3);
  });

  await withRoom('a key answers before the version is compared', async (t, room) => {
    await room.create('ann', ['ann', 'bob']);
    const leave = room.op('bob', { kind: 'remove', user: 'bob' }, { key: 'bye' });
    const [left] = await room.append(leave);
    await room.ok('ann', { kind: 'add', users: ['bob'] });
    t.match(await room.append({ ...leave, at: leave.at + 1 }),
      [{ status: 'duplicate', seq: left?.status === 'ok' ? left.seq : 0 }]);
    t.ok((await room.under.store.rooms.membership(room.room, 'bob'))?.member);
  });

  await withRoom('a call that changed nothing is remembered as well', async (t, room) => {
    await room.create('ann', ['ann', 'bob']);
    await room.ok('ann', { kind: 'add', users: ['bob'] }, { key: 'add' });
    await room.ok('ann', { kind: 'remove', user: 'bob' });
    t.match(await room.append(room.op('ann', { kind: 'add', users: ['bob'] }, { key: 'add' })),
      [{ status: 'duplicate' }]);
  });

  await withRoom('a key is forgotten after its window', async (t, room, under) => {
    await room.create('ann', ['ann']);
    await room.ok('ann', { kind: 'message', text: 'hi' }, { key: 'k' });
    await under.advance(400);
    const again = room.op('ann', { kind: 'message', text: 'again' }, { key: 'k' });
    t.match(await room.append(again), [{ status: 'ok', seq: 3 }]);
  }, { keyWindowMs: 300 });
}
