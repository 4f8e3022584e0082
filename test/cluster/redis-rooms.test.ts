import t, { type Test } from 'tap';
import { idOf, roomKey, type RoomKey } from '../../src/base/ids.js';
import { nodesKey, slotsKey } from '../../src/cluster/keys.js';
import type { AppendResult } from '../../src/store/rooms.js';
import { RoomUnderTest } from '../conformance/harness.js';
import { eventually } from '../helpers/eventually.js';
import { redisStores, type RedisUnderTest } from '../helpers/redis-store.js';
import { startRedises } from '../helpers/redis.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const make = redisStores(servers);

/** Two nodes of one cluster, with a tenant that both use. */
async function two(t: Test, limits = {}): Promise<[RedisUnderTest, RedisUnderTest]> {
  const a = await make(limits);
  const b = { ...await make(limits), tenant: a.tenant };
  t.teardown(() => Promise.all([a.close(), b.close()]));
  return [a, b];
}

/** A room of the tenant whose slot belongs to one shard. */
function roomOn(under: RedisUnderTest, shard: string): RoomUnderTest {
  for (let n = 0; ; n++) {
    const id = `r${n}`;
    const { shards } = under;
    if (shards.owner(shards.slotOf(roomKey(under.tenant, id))).shard === shard) {
      return new RoomUnderTest(under, id);
    }
  }
}

const client = (under: RedisUnderTest, shard: string) => {
  const found = under.shards.clients.get(shard);
  if (found === undefined) throw new Error(`no ${shard}`);
  return found;
};

/** What a call fails with; undefined when it does not. */
const faultOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(() => undefined, (error: unknown) => error);

const seqOf = (results: readonly AppendResult[]): number => {
  const [result] = results;
  if (result?.status !== 'ok') throw new Error(`answered ${result?.status}`);
  return result.seq;
};

t.test('two nodes write to the same rooms without gap or doubling (G2)', async (t) => {
  const [a, b] = await two(t);
  const rooms = ['x', 'y', 'z'].map((id) => new RoomUnderTest(a, id));
  for (const room of rooms) await room.create('ann', ['ann', 'bob']);
  const each = 40;
  const taken = new Map<RoomKey, number[]>(rooms.map(({ room }) => [room, []]));
  await Promise.all(rooms.flatMap((room) => [a, b].flatMap((under, node) =>
    Array.from({ length: each }, async (_, i) => {
      const op = room.op(node === 0 ? 'ann' : 'bob', { kind: 'message', text: `${node}:${i}` });
      taken.get(room.room)?.push(seqOf(await under.store.rooms.append(room.room, [op])));
    }))));
  for (const { room } of rooms) {
    const seqs = taken.get(room)?.sort((x, y) => x - y);
    t.same(seqs, Array.from({ length: 2 * each }, (_, i) => i + 2));
    const [fromA] = await a.store.rooms.ranges([{ room, from: 1, to: 999 }]);
    const [fromB] = await b.store.rooms.ranges([{ room, from: 1, to: 999 }]);
    t.same(fromA, fromB);
    t.equal(new Set(fromA?.map((entry) => entry.kind === 'message' && entry.text)).size,
      2 * each + 1);
    for (const node of [0, 1]) {
      const own = fromA?.flatMap((entry) => entry.kind === 'message'
        && entry.text?.startsWith(`${node}:`) === true ? [entry.text] : []);
      t.same(own, Array.from({ length: each }, (_, i) => `${node}:${i}`), 'in the order of calls');
    }
  }
});

t.test('one key at two nodes at once is taken once (G3)', async (t) => {
  const [a, b] = await two(t);
  const room = new RoomUnderTest(a);
  await room.create('ann', ['ann']);
  const op = room.op('ann', { kind: 'message', text: 'once' }, { key: 'k' });
  const [first, second] = await Promise.all(
    [a, b].map((under) => under.store.rooms.append(room.room, [op])));
  t.same([first?.[0]?.status, second?.[0]?.status].sort(), ['duplicate', 'ok']);
  t.equal((await b.store.rooms.head(room.room))?.seq, 2);
});

t.test('a window full of keys finds every one of them', async (t) => {
  const [a] = await two(t);
  const room = new RoomUnderTest(a);
  await room.create('ann', ['ann']);
  const ops = Array.from({ length: 1_500 }, (_, i) =>
    room.op('ann', { kind: 'message', text: `${i}` }, { key: `key ${i}` }));
  const first = await a.store.rooms.append(room.room, ops);
  const again = await a.store.rooms.append(room.room, ops);
  t.equal(first.filter(({ status }) => status === 'ok').length, ops.length);
  t.same(again.map((result) => result.status === 'duplicate' && result.seq),
    first.map((result) => result.status === 'ok' && result.seq));
});

t.test('what comes in one turn goes to a shard in one call', async (t) => {
  const [a] = await two(t);
  const rooms = Array.from({ length: 100 }, (_, i) => new RoomUnderTest(a, `r${i}`));
  await Promise.all(rooms.map((room) => room.create('ann', ['ann'])));
  a.shards.calls.clear();
  await Promise.all(rooms.map((room) => room.say('ann', 'hi')));
  t.ok((a.shards.calls.get('append') ?? 0) <= 2, 'one for each shard');
});

t.test('a slot that moved is found, and no call overtakes another (trap 3)', async (t) => {
  const [a, b] = await two(t);
  const room = roomOn(a, 's0');
  const slot = a.shards.slotOf(room.room);
  await client(a, 's0').hdel(slotsKey, String(slot));
  // Frozen: nobody owns it while the calls come in, on both nodes.
  const created = room.create('ann', ['ann', 'bob']);
  await eventually('the first call was refused', () => a.shards.refreshes > 0);
  const more = Array.from({ length: 5 }, (_, i) => a.store.rooms.append(room.room, [
    room.op('ann', { kind: 'message', text: `${i}` }, { expect: 1 }),
  ]));
  await client(a, 's1').hset(slotsKey, slot, '2');
  t.equal((await created).seq, 1);
  t.same((await Promise.all(more)).map(seqOf), [2, 3, 4, 5, 6]);
  t.equal((await b.store.rooms.head(room.room))?.seq, 6, 'the other node finds it too');
  t.equal(await client(a, 's0').exists(`${slot}:r:${room.room}`), 0);
  const [entries] = await b.store.rooms.ranges([{ room: room.room, from: 2, to: 6 }]);
  t.same(entries?.map((entry) => entry.kind === 'message' && entry.text), [...'01234']);
});

t.test('a slot that stays away is refused, since nothing happened', async (t) => {
  const [a] = await two(t);
  const room = roomOn(a, 's0');
  await client(a, 's0').hdel(slotsKey, String(a.shards.slotOf(room.room)));
  const refused = room.create('ann', ['ann']);
  await a.advance(3_000);
  t.match(await faultOf(refused), { fault: 'refused', reason: 'slot_moving' });
  await client(a, 's0').hset(slotsKey, a.shards.slotOf(room.room), '1');
  t.equal((await room.create('ann', ['ann'])).seq, 1);
});

t.test('a node that was declared dead can write nothing (G7)', async (t) => {
  const [a, b] = await two(t);
  const room = new RoomUnderTest(a);
  await room.create('ann', ['ann']);
  for (const shard of a.shards.shards) await client(a, shard).hdel(nodesKey, a.shards.node);
  t.match(await faultOf(room.say('ann', 'late')), { fault: 'refused', reason: 'fenced' });
  t.match(await faultOf(a.store.rooms.settle(room.room, { seq: 1, reads: 0 }, [])),
    { reason: 'fenced' });
  t.match(await faultOf(a.store.feeds.forward([{
    room: room.room, epoch: 'e', seq: 1, kind: 'create', count: 0, at: 1, by: 'ann', version: 0,
    event: { method: 'm', params: '{}' }, large: false,
    users: [{ user: room.user('ann'), since: 1 }],
  }])), { reason: 'fenced' });
  t.equal((await b.store.rooms.head(room.room))?.seq, 1);
});

t.test('a shard whose history was cut gives its rooms a new epoch (G6)', async (t) => {
  const [a] = await two(t);
  const room = roomOn(a, 's0');
  const { epoch } = await room.create('ann', ['ann']);
  const slot = a.shards.slotOf(room.room);
  await client(a, 's0').hset(slotsKey, slot, '1.0abc');
  const said = await room.say('ann', 'after');
  t.equal(said.epoch, `${epoch}.0abc`);
  t.equal(said.seq, 2);
  t.equal((await a.store.rooms.head(room.room))?.epoch, said.epoch);
});

t.test('a room that is gone leaves nothing but its keys in the window', async (t) => {
  const [a] = await two(t);
  const room = new RoomUnderTest(a, 'gone');
  await room.create('ann', ['ann', 'bob'], { title: 'T' });
  await room.ok('ann', { kind: 'remove', user: 'bob' });
  await a.store.rooms.read(room.room, 'bob', 1, a.now());
  await room.ok('ann', { kind: 'purge' });
  await room.settle();
  for (const shard of a.shards.shards) {
    const left = await client(a, shard).keys(`*${a.tenant}*`);
    t.same(left, [], `${idOf(room.room)} on ${shard}`);
    t.equal(await client(a, shard).zscore('outbox', room.room), null);
  }
});
