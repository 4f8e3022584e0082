import { until } from './harness.js';
import type { WithRoom } from './rooms.js';

/** Outbox marks, membership intervals, retention, purging: what forwarding leaves behind. */
export async function roomSettling(withRoom: WithRoom): Promise<void> {
  await marks(withRoom);
  await intervals(withRoom);
  await retention(withRoom);
  await purging(withRoom);
}

async function marks(withRoom: WithRoom): Promise<void> {
  await withRoom('a mark goes only where all was forwarded (trap 1)', async (t, room, under) => {
    const { rooms } = under.store;
    const mine = async (ageMs = 0): Promise<unknown> =>
      (await rooms.pending(ageMs, 1_000)).find((pending) => pending.room === room.room);
    await room.create('ann', ['ann', 'bob']);
    t.match(await mine(), { forwarded: { seq: 0, reads: 0 }, shards: [] });
    t.same(await rooms.forwarded(room.room), { seq: 0, reads: 0 });
    await room.say('ann', 'a');
    await rooms.settle(room.room, { seq: 1, reads: 0 }, []);
    t.match(await mine(), { forwarded: { seq: 1, reads: 0 } });
    t.same(await rooms.forwarded(room.room), { seq: 1, reads: 0 });
    await rooms.settle(room.room, { seq: 2, reads: 0 }, []);
    t.equal(await mine(), undefined);
    t.same(await rooms.forwarded(room.room), { seq: 2, reads: 0 });
    await rooms.read(room.room, 'bob', 2, under.now());
    t.match(await mine(), { forwarded: { seq: 2, reads: 0 } }, 'a read move leaves one (trap 9)');
    await rooms.settle(room.room, { seq: 2, reads: 1 }, []);
    t.equal(await mine(), undefined);
    t.same(await rooms.forwarded(room.room), { seq: 2, reads: 1 });
  });

  await withRoom('a mark is pending once it is old enough', async (t, room, under) => {
    await room.create('ann', ['ann']);
    const { rooms } = under.store;
    const rest = async (ageMs: number): Promise<boolean> =>
      (await rooms.pending(ageMs, 1_000)).some((pending) => pending.room === room.room);
    t.notOk(await rest(60_000));
    await under.advance(300);
    t.ok(await rest(200));
  });

  await withRoom('a shard that was away keeps the mark', async (t, room, { store }) => {
    await room.create('ann', ['ann', 'bob']);
    const [shard = 'elsewhere'] = (await store.rooms.pending(0, 1_000))
      .find((pending) => pending.room === room.room)?.shards ?? [];
    await store.rooms.settle(room.room, { seq: 1, reads: 0 }, [shard]);
    const mine = (await store.rooms.pending(0, 1_000))
      .find((pending) => pending.room === room.room);
    t.match(mine, { room: room.room, shards: [shard] });
    t.same(await store.rooms.forwarded(room.room), { seq: 0, reads: 0 });
    await room.settle();
    t.same(await store.rooms.forwarded(room.room), { seq: 1, reads: 0 });
  });
}

async function intervals(withRoom: WithRoom): Promise<void> {
  await withRoom('members are told by the entry’s seq (trap 2)', async (t, room, { store }) => {
    await room.create('ann', ['ann', 'bob']);
    await room.say('ann', 'both');
    await room.ok('ann', { kind: 'remove', user: 'bob' });
    await room.say('ann', 'ann alone');
    await room.ok('ann', { kind: 'add', users: ['cat'] });
    await room.ok('ann', { kind: 'add', users: ['bob'] });
    const at = async (seq: number): Promise<string> => (await store.rooms.membersAt(room.room, seq))
      .map(({ user, since }) => `${user}${since}`).sort().join(' ');
    t.equal(await at(1), 'ann1 bob1');
    t.equal(await at(2), 'ann1 bob1');
    t.equal(await at(3), 'ann1 bob1', 'the removal is told to the removed');
    t.equal(await at(4), 'ann1');
    t.equal(await at(5), 'ann1 cat5');
    t.equal(await at(6), 'ann1 bob6 cat5');
    await store.rooms.settle(room.room, { seq: 3, reads: 0 }, []);
    t.equal(await at(4), 'ann1');
    t.equal(await at(6), 'ann1 bob6 cat5');
  });
}

async function retention(withRoom: WithRoom): Promise<void> {
  await withRoom('only as many messages are kept as the room says', async (t, room, { store }) => {
    await room.ok('ann', {
      kind: 'create', room: 'group', members: ['ann'], history: { maxMessages: 2 },
    });
    for (const text of ['a', 'b', 'c', 'd']) await room.say('ann', text);
    t.match(await store.rooms.head(room.room), { first: 1, seq: 5, history: { maxMessages: 2 } },
      'what was not forwarded stays (trap 10)');
    await room.settle();
    await room.say('ann', 'e');
    await room.settle();
    await room.say('ann', 'f');
    await until(async () => (await store.rooms.head(room.room))?.first === 6);
    const page = await store.rooms.messages(room.room, undefined, 9);
    t.match(page, { messages: [{ text: 'e', seq: 6 }, { text: 'f', seq: 7 }], more: false });
    t.equal(page.messages.length, 2);
    const [log] = await store.rooms.ranges([{ room: room.room, from: 1, to: 9 }]);
    t.same(log?.map(({ seq }) => seq), [6, 7]);
    t.same(await room.append(room.op('ann', { kind: 'edit', target: 2, text: 'x' })),
      [{ status: 'missing' }]);
    t.equal(await store.rooms.countBefore(room.room, 1), 4, 'ordinals go on');
  });

  await withRoom('old messages go with their age', async (t, room, under) => {
    await room.ok('ann', {
      kind: 'create', room: 'group', members: ['ann'], history: { maxAgeMs: 500 },
    });
    await room.say('ann', 'old');
    await room.settle();
    await under.advance(700);
    await room.say('ann', 'new');
    await room.settle();
    await until(async () => (await under.store.rooms.head(room.room))?.first === 3);
    t.match(await under.store.rooms.messages(room.room, undefined, 9),
      { messages: [{ text: 'new' }], more: false });
  });
}

async function purging(withRoom: WithRoom): Promise<void> {
  await withRoom('a purged room goes once forwarded, its name free', async (t, room, { store }) => {
    const { epoch } = await room.create('ann', ['ann', 'bob']);
    await room.say('ann', 'secret');
    const purge = room.op('ann', { kind: 'purge' }, { key: 'gone' });
    t.match(await room.append(purge), [{ status: 'ok', seq: 3, entries: [{ kind: 'purge' }] }]);
    t.match(await store.rooms.head(room.room), { purged: true, seq: 3 });
    t.same(await room.append(room.op('ann', { kind: 'message', text: 'x' })),
      [{ status: 'missing' }]);
    t.same((await store.rooms.membersAt(room.room, 3)).map(({ user }) => user).sort(),
      ['ann', 'bob'], 'all members are told');
    await room.settle();
    t.equal(await store.rooms.head(room.room), undefined);
    t.same(await store.rooms.ranges([{ room: room.room, from: 1, to: 9 }]), [[]]);
    t.same((await store.rooms.pending(0, 1_000)).filter((mark) => mark.room === room.room), []);
    t.match(await room.append(purge), [{ status: 'duplicate', seq: 3 }]);
    room.expect = 0;
    const again = await room.create('bob', ['bob']);
    t.not(again.epoch, epoch, 'a name used again has a new epoch (trap 12)');
    t.match(await store.rooms.head(room.room), { seq: 1, count: 0, members: 1, reads: 0 });
    t.equal((await store.rooms.membership(room.room, 'ann'))?.member, undefined);
    t.match(await store.rooms.readPositions(room.room, ['ann']), [{ seq: 0 }]);
  });
}
