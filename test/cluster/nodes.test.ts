import t from 'tap';
import { eventually } from '../helpers/eventually.js';
import { nameOn, openNode, sessionOf, user, type TestNode } from '../helpers/cluster.js';
import { startRedises, type RedisServer } from '../helpers/redis.js';

let servers: RedisServer[] = [];
const nodes: TestNode[] = [];
const shards = (): string[] => servers.map((server, n) => `s${n}=${server.url}`);
const open = async (node: string, more: Partial<Parameters<typeof openNode>[0]> = {}) => {
  const opened = await openNode({ shards: shards(), node, ...more });
  nodes.push(opened);
  return opened;
};

t.beforeEach(async () => { servers = await startRedises(2); });
t.afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  await Promise.all(servers.map((server) => server.close()));
});

void t.test('nodes that start at once agree on one table, kept on every shard', async (t) => {
  const [a, b, c] = await Promise.all([open('a'), open('b'), open('c')]);
  t.same(b.shards.table, a.shards.table);
  t.same(c.shards.table, a.shards.table);
  const again = await openNode({ shards: [...shards()].reverse(), node: 'd' });
  nodes.push(again);
  t.same(again.shards.table, a.shards.table, 'the order of the list means nothing');
});

void t.test('a node with another list is refused, and told how they differ', async (t) => {
  await open('a');
  await t.rejects(openNode({ shards: shards().slice(0, 1), node: 'b' }),
    /given the shards s0; the cluster has s0, s1; missing here: s1/);
  const swapped = [`s1=${servers[0]?.url}`, `s0=${servers[1]?.url}`];
  await t.rejects(openNode({ shards: swapped, node: 'b' }), /holds the shard/);
});

void t.test('nodes see each other, with URL and figures, until one leaves', async (t) => {
  const [a, b] = await Promise.all([open('a'), open('b')]);
  b.membership.report({ connections: 3, users: 2, draining: true });
  const seen = await eventually('b is seen to drain', async () =>
    (await a.membership.nodes()).find((node) => node.node === 'b' && node.draining));
  t.match(seen, { url: 'http://b/rpc', connections: 3, users: 2, incarnation: 1 });
  t.match(await a.membership.shards(), [
    { shard: 's0', reachable: true }, { shard: 's1', reachable: true }]);
  await nodes.splice(nodes.indexOf(b), 1)[0]?.close();
  await eventually('b is gone', async () =>
    (await a.membership.nodes()).every((node) => node.node !== 'b'));
});

void t.test('a node with users is told of by the grace after it left', async (t) => {
  const [a, b] = await Promise.all([open('a'), open('b')]);
  await b.directory.watch([user('simon')]);
  await a.directory.connect(sessionOf('simon'));
  await eventually('online', () => b.told.presence.length === 1);
  await nodes.splice(nodes.indexOf(a), 1)[0]?.close();
  await eventually('offline', () => b.told.presence.length === 2);
  t.match(b.told.presence.map((told) => told.presence.online), [true, false]);
});

void t.test('a process under the same id takes over at once; the first one stops', async (t) => {
  const first = await open('a');
  const name = nameOn(first, 's0', 'simon');
  await first.directory.connect(sessionOf(name));
  const second = await open('a');
  await t.rejects(first.directory.connect(sessionOf(name)),
    { name: 'StoreError', fault: 'refused', reason: 'fenced' });
  await eventually('the first is told', () => first.told.superseded > 0);
  t.equal(second.told.superseded, 0);
  t.equal(await second.directory.connect(sessionOf(name)), undefined);
  const [own] = await second.membership.nodes();
  t.equal(own?.incarnation, 2);
  await eventually('only the new connection counts', async () =>
    (await second.directory.query([user(name)]))[0]?.devices === 1);
});

void t.test('two databases of one server are two shards with channels of their own', async (t) => {
  const url = servers[0]?.url ?? '';
  const list = [`s0=${url}/1`, `s1=${url}/2`];
  const [a, b] = await Promise.all([
    open('a', { shards: list }), open('b', { shards: list })]);
  const names = ['s0', 's1'].map((shard) => nameOn(a, shard, 'petro'));
  await b.directory.watch(names.map(user));
  for (const name of names) await a.directory.connect(sessionOf(name));
  await eventually('both are told', () => b.told.presence.length === 2);
  t.equal(a.told.presence.length, 0);
  t.equal(b.told.gaps, 0);
});
