import t from 'tap';
import { connectRedis, parseShard, type Redis } from '../../src/cluster/redis-client.js';
import { slotsOf } from '../../src/cluster/table.js';
import { nameOn, openNode, sessionOf, user, type TestNode } from '../helpers/cluster.js';
import { eventually } from '../helpers/eventually.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import { startRedises, type RedisServer } from '../helpers/redis.js';

let servers: RedisServer[] = [];
let proxy: Proxy;
let direct: Redis;
const nodes: TestNode[] = [];
const open = async (node: string, proxied = false): Promise<TestNode> => {
  const urls = servers.map((server) => server.url);
  const shards = [proxied ? proxy.url : urls[0], urls[1]].map((url, n) => `s${n}=${url}`);
  const opened = await openNode({ shards, node });
  nodes.push(opened);
  return opened;
};

t.setTimeout(120_000);
t.beforeEach(async () => {
  servers = await startRedises(2);
  proxy = await startProxy(servers[0]?.port ?? 0);
  direct = connectRedis(parseShard(servers[0]?.url ?? ''), 'commands');
  await direct.connect();
});
t.afterEach(async () => {
  direct.disconnect();
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  await proxy.close();
  await Promise.all(servers.map((server) => server.close()));
});

/** Connections of the proxied node, by whether they subscribe. */
const connectionsOf = (events: boolean) =>
  [...proxy.connections].filter(({ said }) => /subscribe/i.test(said) === events);
const nodeKey = async (node: string): Promise<string> =>
  (await direct.hkeys('nodes')).find((key) => key.startsWith(`${node}@`)) ?? '';

void t.test('a subscriber connection gone silent is noticed within 10 s (G5)', async (t) => {
  const [a, b] = await Promise.all([open('a', true), open('b')]);
  const name = nameOn(b, 's0', 'simon');
  await a.directory.watch([user(name)]);
  for (const connection of connectionsOf(true)) connection.toClient = 'drop';
  await b.directory.connect(sessionOf(name));
  const lostAt = performance.now();
  await eventually('the change is told all the same', () => a.told.presence.length === 1, 10_000);
  t.ok(a.told.gaps > 0, `after ${Math.round(performance.now() - lostAt)} ms`);
  t.match(a.told.presence, [{ user: user(name), presence: { online: true } }]);
  t.same(a.told.fenced, [], 'its lease was never in doubt');
});

void t.test('a subscriber connection that was cut comes back, and reads what it missed',
  async (t) => {
    const [a, b] = await Promise.all([open('a', true), open('b')]);
    const name = nameOn(b, 's0', 'simon');
    await a.directory.watch([user(name)]);
    for (const connection of connectionsOf(true)) connection.cut();
    await b.directory.connect(sessionOf(name));
    await eventually('the change is told', () => a.told.presence.length === 1);
    t.equal(a.told.presence.length, 1);
  });

void t.test('one publication lost on an idle channel shows at the heartbeat (trap 13)',
  async (t) => {
    const a = await open('a');
    await direct.hincrby('pubs', await nodeKey('a'), 1);
    await eventually('the gap is told', () => a.told.gaps === 1, 5000);
    t.same(a.told.fenced, []);
  });

void t.test('a connection cut both ways fails calls, and none is carried out late (trap 4)',
  async (t) => {
    const a = await open('a', true);
    const name = nameOn(a, 's0', 'simon');
    const [commands] = connectionsOf(false);
    if (commands === undefined) throw new Error('no connection');
    commands.toServer = 'hold';
    await t.rejects(a.directory.connect(sessionOf(name)), { name: 'StoreError', fault: 'unknown' });
    await eventually('a new connection is tried, and used', () =>
      a.shards.reachable('s0') && connectionsOf(false).length > 1, 15_000);
    // What was on its way arrives now: without the pass it would leave a ghost.
    commands.release();
    await eventually('it has arrived', () => !proxy.connections.has(commands));
    t.match(await a.directory.query([user(name)]), [{ online: false, devices: 0 }]);
  });

void t.test('a node cut off from one shard is fenced there alone, and comes back', async (t) => {
  const [a, b] = await Promise.all([open('a', true), open('b')]);
  const [cut, whole] = ['s0', 's1'].map((shard) => nameOn(a, shard, 'simon'));
  await a.directory.connect(sessionOf(cut ?? ''));
  await a.directory.connect(sessionOf(whole ?? ''));
  await b.directory.watch([cut, whole].map((name) => user(name ?? '')));
  proxy.refuse = true;
  for (const connection of proxy.connections) connection.cut();
  await eventually('its users there are told offline', () => b.told.presence.length === 1, 12_000);
  t.match(b.told.presence, [{ user: user(cut ?? ''), presence: { online: false } }]);
  proxy.refuse = false;
  await eventually('it learns that it was declared dead', () => a.told.fenced.length === 1);
  t.same(a.told.fenced, ['s0']);
  t.equal(await a.directory.connect(sessionOf(cut ?? '')), undefined);
  await eventually('the user is back', () => b.told.presence.length === 2);
});

void t.test('what was taken back while the link was down leaves no ghost', async (t) => {
  const [a, b] = await Promise.all([open('a', true), open('b')]);
  const name = nameOn(a, 's0', 'simon');
  const session = sessionOf(name);
  await a.directory.connect(session);
  await b.directory.watch([user(name)]);
  proxy.refuse = true;
  for (const connection of proxy.connections) connection.cut();
  await eventually('the shard is away', () => !a.shards.reachable('s0'));
  await t.rejects(a.directory.disconnect(session.user, session.session, 'logout'),
    { name: 'StoreError', fault: 'refused' });
  proxy.refuse = false;
  await eventually('offline is told', () => b.told.presence.at(-1)?.presence.online === false);
  t.equal(b.told.presence.length, 1);
});

void t.test('a slot that moved is found again, also by calls already queued', async (t) => {
  const [a, b] = await Promise.all([open('a'), open('b')]);
  const name = nameOn(a, 's0', 'simon');
  const slot = a.shards.slotOf(user(name));
  const field = await direct.hget('slots', String(slot)) ?? '';
  const other = connectRedis(parseShard(servers[1]?.url ?? ''), 'commands');
  await other.connect();
  // As resharding does: the source says MOVED before the target opens.
  await direct.hdel('slots', String(slot));
  await other.hset('slots', String(slot), field.replace(/^\d+/, '2'));
  const answers = await Promise.all(Array.from({ length: 5 }, () =>
    a.directory.connect(sessionOf(name))));
  t.same(answers, [undefined, undefined, undefined, undefined, undefined]);
  t.equal(a.shards.shardOf(user(name)), 's1');
  t.match(await b.directory.query([user(name)]), [{ online: true, devices: 5 }]);
  t.equal(slotsOf(b.shards.table, 's0').some((own) => own.slot === slot), false);
  other.disconnect();
});
