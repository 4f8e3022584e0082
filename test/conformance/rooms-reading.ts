import type { WithRoom } from './rooms.js';

/** Pages of messages, ranges, read positions. */
export async function roomReading(withRoom: WithRoom): Promise<void> {
  await withRoom('messages are paged both ways, other entries left out', async (t, room, under) => {
    await room.create('ann', ['ann']);
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      await room.say('ann', text);
      await room.ok('ann', { kind: 'title', title: `after ${text}` });
    }
    const { rooms } = under.store;
    const texts = async (
      position: { before: number } | { after: number } | undefined, limit: number,
    ): Promise<string> => {
      const page = await rooms.messages(room.room, position, limit);
      return page.messages.map(({ text }) => text).join('') + (page.more ? '+' : '');
    };
    t.equal(await texts(undefined, 2), 'de+');
    t.equal(await texts(undefined, 5), 'abcde');
    t.equal(await texts({ before: 8 }, 2), 'bc+');
    t.equal(await texts({ before: 4 }, 2), 'a');
    t.equal(await texts({ before: 2 }, 2), '');
    t.equal(await texts({ before: 1e9 }, 1), 'e+');
    t.equal(await texts({ after: 0 }, 2), 'ab+');
    t.equal(await texts({ after: 2 }, 2), 'bc+');
    t.equal(await texts({ after: 6 }, 2), 'de');
    t.equal(await texts({ after: 10 }, 2), '');
  });

  await withRoom('messages are found behind a long run of edits', async (t, room, { store }) => {
    await room.create('ann', ['ann']);
    await room.say('ann', 'first');
    await room.say('ann', 'second');
    const edits = Array.from({ length: 200 }, (_, n) =>
      room.op('ann', { kind: 'edit', target: 3, text: `edit ${n}` }));
    await room.append(...edits);
    await room.say('ann', 'last');
    t.match(await store.rooms.messages(room.room, { before: 204 }, 1),
      { messages: [{ seq: 3, text: 'edit 199' }], more: true });
    t.match(await store.rooms.messages(room.room, { after: 2 }, 2),
      { messages: [{ seq: 3 }, { seq: 204, text: 'last' }], more: false });
  });

  await withRoom('ranges answer what there is, in the order asked', async (t, room, { store }) => {
    await room.create('ann', ['ann']);
    await room.say('ann', 'a');
    const lists = await store.rooms.ranges([
      { room: room.room, from: 2, to: 50 }, { room: room.room, from: 5, to: 9 },
      { room: room.room, from: 0, to: 1 },
    ]);
    t.same(lists.map((list) => list.map(({ seq }) => seq)), [[2], [], [1]]);
    t.same(await store.rooms.ranges([{ ...{ room: room.room }, from: 3, to: 2 }]), [[]]);
  });

  await withRoom('messages before a time are counted by ordinal', async (t, room, under) => {
    await room.create('ann', ['ann']);
    const at: number[] = [];
    for (const text of ['a', 'b', 'c']) {
      await under.advance(10);
      at.push((await room.say('ann', text)).at);
    }
    const { rooms } = under.store;
    t.equal(await rooms.countBefore(room.room, at[0] ?? 0), 0);
    t.equal(await rooms.countBefore(room.room, at[1] ?? 0), 1);
    t.equal(await rooms.countBefore(room.room, (at[2] ?? 0) + 1), 3);
  });

  await withRoom('read positions only move forward', async (t, room, { store, now }) => {
    await room.create('ann', ['ann', 'bob']);
    await room.say('ann', 'a');
    await room.ok('ann', { kind: 'title', title: 'x' });
    await room.say('ann', 'b');
    const { rooms } = store;
    t.match(await rooms.read(room.room, 'bob', 3, now()),
      { user: 'bob', seq: 3, count: 1, version: 1 });
    t.match(await rooms.read(room.room, 'bob', 2, now()), { seq: 3, count: 1, version: 1 });
    t.match(await rooms.read(room.room, 'bob', 99, now()), { seq: 4, count: 2, version: 2 });
    t.match(await rooms.readPositions(room.room, ['bob', 'ann', 'eve']), [
      { user: 'bob', seq: 4 }, { user: 'ann', seq: 4, count: 2 },
      { user: 'eve', seq: 0, count: 0, version: 0 },
    ], 'sending moves the own position');
    t.match(await rooms.head(room.room), { reads: 2, seq: 4 });
  });

  await withRoom('read moves are listed by version, the latest of each', async (t, room, under) => {
    await room.create('ann', ['ann', 'bob', 'cat']);
    for (const text of ['a', 'b', 'c']) await room.say('ann', text);
    const { rooms } = under.store;
    await rooms.read(room.room, 'bob', 2, under.now());
    await rooms.read(room.room, 'cat', 3, under.now());
    await rooms.read(room.room, 'bob', 4, under.now());
    t.match(await rooms.readsAfter(room.room, 0, 9),
      [{ user: 'cat', version: 2, seq: 3 }, { user: 'bob', version: 3, seq: 4 }]);
    t.match(await rooms.readsAfter(room.room, 0, 1), [{ user: 'cat' }]);
    t.match(await rooms.readsAfter(room.room, 2, 9), [{ user: 'bob' }]);
    t.same(await rooms.readsAfter(room.room, 3, 9), []);
    await room.say('bob', 'mine');
    t.match(await rooms.readsAfter(room.room, 2, 9), [{ user: 'bob', version: 3, seq: 5 }],
      'a message of one’s own is no read move');
  });

  await withRoom('reading in no room moves nothing', async (t, room, { store, now }) => {
    t.match(await store.rooms.read(room.room, 'bob', 3, now()), { seq: 0, version: 0 });
    t.equal(await store.rooms.head(room.room), undefined);
    t.same(await store.rooms.members(room.room, '', 5), []);
    t.same(await store.rooms.membersAt(room.room, 1), []);
    t.equal(await store.rooms.membership(room.room, 'bob'), undefined);
    t.same(await store.rooms.messages(room.room, undefined, 5), { messages: [], more: false });
    t.same(await store.rooms.forwarded(room.room), { seq: 0, reads: 0 });
  });
}
