import t, { type Test } from 'tap';
import type { UserKey } from '../../src/base/ids.js';
import { connectionsKey, nodesKey, publishedKey } from '../../src/cluster/keys.js';
import type { ForwardItem } from '../../src/store/feeds.js';
import { keysOf, indexKey } from '../../src/store/redis/keys.js';
import { FeedsUnderTest } from '../conformance/feeds.js';
import { RoomUnderTest } from '../conformance/harness.js';
import { redisStores, type RedisUnderTest } from '../helpers/redis-store.js';
import { startRedises } from '../helpers/redis.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const make = redisStores(servers);

async function nodes(t: Test, n: number, limits = {}): Promise<RedisUnderTest[]> {
  const first = await make(limits);
  const others = await Promise.all(Array.from({ length: n - 1 }, () => make(limits)));
  const all = [first, ...others.map((under) => ({ ...under, tenant: first.tenant }))];
  t.teardown(() => Promise.all(all.map((under) => under.close())));
  return all;
}

const client = (under: RedisUnderTest, user: UserKey) => {
  const found = under.shards.clients.get(under.shards.owner(under.shards.slotOf(user)).shard);
  if (found === undefined) throw new Error('no shard');
  return found;
};

/** Publications to a node so far, over all shards. */
async function published(under: RedisUnderTest, node: string): Promise<number> {
  const counts = await Promise.all([...under.shards.clients.values()].map(
    async (shard) => Number(await shard.hget(publishedKey, node) ?? 0)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Commands that the servers ran, those of scripts included. */
async function commands(under: RedisUnderTest): Promise<number> {
  let sum = 0;
  for (const shard of under.shards.clients.values()) {
    const stats = await shard.info('commandstats');
    for (const [, name, calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
      if (name !== 'info') sum += Number(calls);
    }
  }
  return sum;
}

t.test('a publication goes once to each node that holds a user, and to no other', async (t) => {
  const [a, b, c] = await nodes(t, 3);
  if (a === undefined || b === undefined || c === undefined) throw new Error('no nodes');
  const feeds = new FeedsUnderTest(a);
  const [ann, bob] = [feeds.user('ann'), feeds.user('bob')];
  await a.hold([ann, bob]);
  await b.hold([bob]);
  await Promise.all(Array.from({ length: 30 }, (_, i) => feeds.forward(
    feeds.item(1, { ann: 1, bob: 1 }, { id: `r${i}` }),
    feeds.item(2, { ann: 1, bob: 1 }, { id: `r${i}` }))));
  t.equal((await feeds.delivered('bob', 60)).length, 60);
  const onB = new FeedsUnderTest(b);
  t.same((await onB.delivered('bob', 60)).map(({ to }) => to.n),
    Array.from({ length: 60 }, (_, i) => i + 1), 'in the order of the feed');
  t.notOk(b.deliveries.some(({ users }) => users.some(({ user }) => user === ann)));
  t.equal(await published(a, c.shards.node), 0);
  t.ok(await published(a, b.shards.node) <= 2, 'a call of many items is one publication a node');
});

t.test('connections of a dead incarnation are told nothing', async (t) => {
  const [a, b] = await nodes(t, 2);
  if (a === undefined || b === undefined) throw new Error('no nodes');
  const feeds = new FeedsUnderTest(a);
  const bob = feeds.user('bob');
  const slot = a.shards.slotOf(bob);
  await b.hold([bob]);
  await client(a, bob).hset(nodesKey, b.shards.node, 2);
  await client(a, bob).hset(connectionsKey(slot, bob), '~', '~ token');
  await feeds.forward(feeds.item(1, { bob: 1 }));
  t.equal(await published(a, b.shards.node), 0);
  await client(a, bob).hset(connectionsKey(slot, bob), 's2', `${b.shards.node} 2`);
  await feeds.forward(feeds.item(2, { bob: 1 }));
  t.equal((await new FeedsUnderTest(b).delivered('bob', 1))[0]?.item.seq, 2);
});

t.test('two nodes that forward the same items put each in once', async (t) => {
  const [a, b] = await nodes(t, 2);
  if (a === undefined || b === undefined) throw new Error('no nodes');
  const [one, two] = [new FeedsUnderTest(a), new FeedsUnderTest(b)];
  const items = Array.from({ length: 40 }, (_, i) => one.item(i + 1, { ann: 1, bob: 1 }));
  await Promise.all(items.flatMap((item) => [one.forward(item), two.forward(item)]));
  const all = items.map(({ seq }) => `r:${seq}`).join(' ');
  t.equal(await one.feed('ann'), all);
  t.equal(await two.feed('bob'), all);
});

t.test('after its history was cut a room goes on in the feed, the old one does not', async (t) => {
  const [a] = await nodes(t, 1);
  if (a === undefined) throw new Error('no node');
  const feeds = new FeedsUnderTest(a);
  const item = (seq: number, epoch: string, more: Partial<ForwardItem> = {}): ForwardItem =>
    feeds.item(seq, { bob: 1 }, { epoch, ...more });
  await feeds.forward(...[1, 2, 3, 4, 5].map((seq) => item(seq, 'e')));
  // The shard came back with 1 to 3, and wrote another 4 since (G6).
  const [taken] = await feeds.forward(item(4, 'e.0b'));
  t.same(taken, { behind: [], away: [] });
  await feeds.forward(item(6, 'e'), item(5, 'e.0a'), item(5, 'e.0b'), item(5, 'e.0b'));
  const { entries } = await a.store.feeds.read(feeds.user('bob'), 5, 9);
  t.same(entries.map(({ epoch, seq }) => `${epoch} ${seq}`), ['e.0b 4', 'e.0b 5']);
  const [row] = await a.store.feeds.rows(feeds.user('bob'), [item(1, 'e').room]);
  t.match(row, { seq: 5, count: 4, since: 1 });
});

t.test('who joins and leaves for ever leaves no more behind than a feed keeps', async (t) => {
  const [a] = await nodes(t, 1, { feedEntries: 10 });
  if (a === undefined) throw new Error('no node');
  const feeds = new FeedsUnderTest(a);
  for (let i = 0; i < 60; i++) {
    await feeds.forward(
      feeds.item(1, { bob: 1 }, { id: `room-${i}` }),
      feeds.item(2, { bob: 1 }, { id: `room-${i}`, kind: 'remove', subject: 'bob', by: 'bob' }));
  }
  const bob = feeds.user('bob');
  const fields = await client(a, bob).hlen(`${a.shards.slotOf(bob)}:f:${bob}`);
  t.ok(fields <= 1 + 2 * 6, `${fields} fields`);
  t.equal((await a.store.feeds.read(bob, 0, 50)).entries.length, 10);
});

t.test('a message costs the same number of commands, however much there is', async (t) => {
  const [a, b] = await nodes(t, 2);
  if (a === undefined || b === undefined) throw new Error('no nodes');
  const cost = async (id: string): Promise<number> => {
    const room = new RoomUnderTest(a, id);
    const created = await room.create('ann', ['ann', 'bob']);
    const users = ['ann', 'bob'].map((user) => ({ user: room.user(user), since: 1 }));
    const base = {
      room: room.room, epoch: created.epoch, by: 'ann', version: 0, large: false, users,
      event: { method: 'message.created', params: '{}' },
    };
    await a.store.feeds.forward([{ ...base, seq: 1, kind: 'create', count: 0, at: 1 }]);
    await room.settle();
    const before = await commands(a);
    const said = await room.say('ann', 'hi');
    await a.store.feeds.forward([
      { ...base, seq: said.seq, kind: 'message', count: 1, at: said.at },
    ]);
    await a.store.rooms.settle(room.room, { seq: said.seq, reads: 0 }, []);
    return await commands(a) - before;
  };
  await b.hold([new RoomUnderTest(a).user('bob')]);
  const first = await cost('first');
  await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    const room = new RoomUnderTest(a, `other-${i}`);
    await room.create(`user-${i}`, [`user-${i}`, 'ann', 'bob']);
    await room.settle();
  }));
  await nodes(t, 3);
  t.ok(Math.abs(await cost('last') - first) <= 3, `${first} commands`);
});

t.test('the index of a slot names every key in it', async (t) => {
  const [fresh] = await startRedises(1);
  if (fresh === undefined) throw new Error('no server');
  t.teardown(() => fresh.close());
  const under = await redisStores([fresh])();
  t.teardown(() => under.close());
  const feeds = new FeedsUnderTest(under);
  const room = new RoomUnderTest(under, 'large');
  await room.ok('ann', { kind: 'create', room: 'channel', members: ['ann', 'bob'] });
  await room.ok('ann', { kind: 'remove', user: 'bob' });
  await under.store.rooms.read(room.room, 'ann', 1, under.now());
  await feeds.forward(feeds.item(1, { ann: 1 }), feeds.item(2, { ann: 1 }));
  await under.store.feeds.read(feeds.user('carl'), 0, 1);
  await under.store.users.revoke(under.tenant, { user: 'dora' }, under.now(), 0, true);
  await under.store.users.revoke(under.tenant, { tokenId: 'j' }, 0, under.now() + 60_000, false);
  const [shard] = under.shards.clients.values();
  const keys = await shard?.keys('*') ?? [];
  const slots = new Set(keys.flatMap((key) => /^(\d+):/.exec(key)?.[1] ?? []));
  const named = new Set<string>();
  for (const slot of slots) {
    named.add(indexKey(Number(slot)));
    for (const member of await shard?.zrange(indexKey(Number(slot)), '0', '-1') ?? []) {
      for (const key of keysOf(Number(slot), String(member))) named.add(key);
    }
  }
  const calls = /^\d+:(g$|k\d)/;
  const unnamed = keys.filter((key) => /^\d+:/.test(key) && !named.has(key) && !calls.test(key));
  t.same(unnamed, []);
  t.ok(keys.length > 12, `${keys.length} keys`);
});
