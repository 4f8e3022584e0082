import t from 'tap';
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { connectRedis, parseShard } from '../../src/cluster/redis-client.js';
import { startChild } from '../helpers/child-node.js';
import { nameOn, openNode, sessionOf, user, type TestNode } from '../helpers/cluster.js';
import { eventually } from '../helpers/eventually.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../helpers/redis.js';

const servers: RedisServer[] = [];
const nodes: TestNode[] = [];

async function shards(...options: RedisServerOptions[]): Promise<string[]> {
  servers.push(...await Promise.all(options.map(startRedis)));
  return servers.map((server, n) => `s${n}=${server.url}`);
}
async function open(node: string, list: readonly string[]): Promise<TestNode> {
  const opened = await openNode({ shards: list, node });
  nodes.push(opened);
  return opened;
}
t.setTimeout(120_000);
t.afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const first = (): RedisServer => {
  const [server] = servers;
  if (server === undefined) throw new Error('no server');
  return server;
};
const onlineOf = (node: TestNode, name: string): boolean[] =>
  node.told.presence.filter((told) => told.user === user(name)).map((told) => told.presence.online);
const up = (node: TestNode) => async () => node.shards.reachable('s0');

/** The generation of the shard's slots, of which there is one. */
async function generationOf(server: RedisServer): Promise<string> {
  const client = connectRedis(parseShard(server.url), 'commands');
  await client.connect();
  const fields = new Set((await client.hvals('slots')).map((field) => field.split('.')[1]));
  client.disconnect();
  if (fields.size !== 1) throw new Error(`generations: ${[...fields].join()}`);
  return [...fields][0] ?? '';
}

/** Ends a server as an operator does, and waits until it has gone. */
async function stopCleanly(server: RedisServer): Promise<void> {
  const { pid } = server;
  server.signal('SIGTERM');
  await eventually('the server has ended', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

void t.test('users of a killed node are told offline within 10 s (G8)', async (t) => {
  const list = await shards({}, {});
  const node = await open('a', list);
  const names = ['s0', 's1'].map((shard) => nameOn(node, shard, 'simon'));
  const child = await startChild('b', list);
  for (const name of names) await child.connect(name);
  t.match(await node.directory.watch(names.map(user)), [{ online: true }, { online: true }]);
  const killedAt = performance.now();
  child.signal('SIGKILL');
  await eventually('both are told offline', () => names.every((name) =>
    onlineOf(node, name).at(-1) === false), 12_000);
  t.ok(performance.now() - killedAt < 10_000, `${Math.round(performance.now() - killedAt)} ms`);
  t.same(names.map((name) => onlineOf(node, name)), [[false], [false]], 'once each');
  await eventually('it is no node any more', async () =>
    (await node.membership.nodes()).map((info) => info.node).join() === 'a');
});

void t.test('a node that stood still is fenced within 1 s of going on (G7)', async (t) => {
  const list = await shards({});
  const node = await open('a', list);
  const child = await startChild('b', list);
  await child.connect('simon');
  await node.directory.watch([user('simon')]);
  child.signal('SIGSTOP');
  await eventually('it is declared dead', () => onlineOf(node, 'simon').at(-1) === false, 12_000);
  child.signal('SIGCONT');
  await child.heard('fenced s0', 1000);
  await child.connect('fedir');
  t.match(await node.directory.query(['simon', 'fedir'].map(user)),
    [{ online: false }, { online: true }], 'it registered anew, without what it held');
  child.signal('SIGKILL');
});

void t.test('a stopped shard fails calls within 2 s, and only its own', async (t) => {
  const list = await shards({}, {});
  const [a, b] = await Promise.all([open('a', list), open('b', list)]);
  const [here, there] = ['s0', 's1'].map((shard) => nameOn(a, shard, 'simon'));
  const held = sessionOf(here ?? '');
  await a.directory.connect(held);
  await b.directory.watch([user(here ?? '')]);
  first().signal('SIGSTOP');
  const startedAt = performance.now();
  await t.rejects(a.directory.connect(sessionOf(here ?? '')),
    { name: 'StoreError', fault: 'unknown', reason: 'shard_unreachable' });
  t.ok(performance.now() - startedAt < 2000, 'within 2 s');
  await t.rejects(a.directory.connect(sessionOf(here ?? '')),
    { name: 'StoreError', fault: 'refused' }, 'from then on at once');
  t.equal(await a.directory.connect(sessionOf(there ?? '')), undefined);
  await a.directory.disconnect(held.user, held.session, 'logout').catch(() => undefined);
  first().signal('SIGCONT');
  await eventually('it is used again', up(a));
  await eventually('what was taken back meanwhile is told', () =>
    onlineOf(b, here ?? '').at(-1) === false);
  t.same([a.told.fenced, b.told.fenced], [[], []], 'a shard that is away expires nobody');
});

void t.test('a shard killed with appendfsync always comes back as it was (G6)', async (t) => {
  const list = await shards({ appendfsync: 'always' });
  const [a, b] = await Promise.all([open('a', list), open('b', list)]);
  await a.directory.connect(sessionOf('simon'));
  await b.directory.watch([user('simon')]);
  const before = await generationOf(first());
  first().signal('SIGKILL');
  await eventually('it is missed', () => !a.shards.reachable('s0'));
  await first().restart();
  const backAt = performance.now();
  await Promise.all([a, b].map((node) => eventually('it is used again', up(node))));
  t.ok(performance.now() - backAt < 1000, 'within 1 s');
  t.equal(await generationOf(first()), before);
  await eventually('outbox marks are driven', () => a.told.returned.includes('s0'));
  await eventually('a gap is assumed', () => b.told.gaps > 0);
  t.match(await b.directory.query([user('simon')]), [{ online: true, devices: 1 }]);
  t.same(onlineOf(b, 'simon'), [], 'nobody flapped');
});

void t.test('a clean stop keeps the epochs, with appendfsync everysec too (G6)', async (t) => {
  const list = await shards({ appendfsync: 'everysec' });
  const [a, b] = await Promise.all([open('a', list), open('b', list)]);
  await a.directory.connect(sessionOf('simon'));
  const before = await generationOf(first());
  await stopCleanly(first());
  await first().restart();
  await Promise.all([a, b].map((node) => eventually('it is used again', up(node))));
  t.equal(await generationOf(first()), before);
});

void t.test('a lost tail shows as new epochs, and presence is put right (G6)', async (t) => {
  const list = await shards({ appendfsync: 'everysec' });
  const [a, b] = await Promise.all([open('a', list), open('b', list)]);
  const before = await generationOf(first());
  await b.directory.watch([user('simon')]);
  const { folder } = first();
  const aof = join(folder, 'appendonlydir');
  const file = join(aof, (await readdir(aof)).find((name) => name.includes('.incr.')) ?? '');
  const { size } = await stat(file);
  await a.directory.connect(sessionOf('simon'));
  await eventually('it is told', () => onlineOf(b, 'simon').length === 1);
  first().signal('SIGKILL');
  await eventually('it is missed', () => !a.shards.reachable('s0'));
  await first().stop();
  // The tail that a power loss takes: all since the registration.
  await truncate(file, size);
  await first().restart();
  await Promise.all([a, b].map((node) => eventually('it is used again', up(node))));
  t.ok(await generationOf(first()) > before, 'newer generations compare greater');
  await eventually('the connection is there again', async () =>
    (await b.directory.query([user('simon')]))[0]?.devices === 1);
});

void t.test('a shard that lost everything is taken in anew', async (t) => {
  const list = await shards({ settings: ['--appendonly', 'no'] });
  const a = await open('a', list);
  const before = await generationOf(first());
  await a.directory.connect(sessionOf('simon'));
  first().signal('SIGKILL');
  await eventually('it is missed', () => !a.shards.reachable('s0'));
  await first().restart();
  await eventually('it is used again', up(a));
  t.ok(await generationOf(first()) > before);
  await eventually('the connection is there again', async () =>
    (await a.directory.query([user('simon')]))[0]?.devices === 1);
  t.same(a.told.fenced, []);
});

void t.test('crashed together with its only node, a shard is not trusted (G6)', async (t) => {
  const list = await shards({ appendfsync: 'everysec' });
  const child = await startChild('b', list);
  await child.connect('simon');
  const before = await generationOf(first());
  child.signal('SIGKILL');
  first().signal('SIGKILL');
  await first().restart();
  await open('a', list);
  t.ok(await generationOf(first()) > before);
});
