import t from 'tap';
import { eventually } from '../helpers/eventually.js';
import { call } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';
import { startCluster } from './cluster-under-test.js';
import { seedOf, upholds } from './processes.js';
import { random, Workload } from './workload.js';

t.setTimeout(280_000);

t.test('twenty kill -9 of nodes and shards under load lose, double and skip nothing', async (t) => {
  const seed = seedOf(t);
  const { nodes, shards, urls } = await startCluster(t);
  const workload = new Workload({ urls, clients: 24, rooms: 8, members: 6, seed });
  await workload.begin();
  const choose = random(seed + 1);
  const pick = <T>(list: readonly T[]): T | undefined =>
    list[Math.floor(choose() * list.length)];
  for (let killed = 0; killed < 20; killed++) {
    await workload.more(20 + Math.floor(choose() * 100));
    if (choose() < 0.5) {
      const node = pick(nodes);
      await node?.kill();
      await node?.start();
    } else {
      const shard = pick(shards);
      shard?.signal('SIGKILL');
      await shard?.restart();
    }
  }
  const record = await workload.end(30_000);
  upholds(t, record, seed);
  t.same(record.events.filter(({ kind }) => kind === 'reset'), [], 'every feed went on');
  t.ok(workload.acknowledged > 400, `${workload.acknowledged} messages were acknowledged`);
});

t.test('a node killed at an acknowledgement, then silence: it comes within 5 s', async (t) => {
  const { nodes: [one, two] } = await startCluster(t);
  if (one === undefined || two === undefined) throw new Error('two nodes');
  const fedir = await openSocket(two.url, 'Fedir');
  await fedir.call('feed.open');
  const { room } = await call(one.url, 'Simon', 'room.create', { members: ['Fedir'] });
  for (let round = 1; round <= 5; round++) {
    const simon = await openSocket(one.url, 'Simon');
    const { result } = await simon.call('message.send', { room, text: `last words ${round}` });
    const dead = one.kill();
    t.match(result, { seq: round + 1 }, 'acknowledged');
    const at = performance.now();
    await dead;
    await eventually('Fedir has it', () => fedir.events('message.created').length >= round);
    const took = Math.round(performance.now() - at);
    t.ok(took <= 5_000, `round ${round}: after ${took} ms`);
    await one.start();
  }
  t.same(fedir.events('message.created').map(({ seq }) => seq), [2, 3, 4, 5, 6]);
});

t.test('a node that stood still is fenced within 1 s, and nothing is lost (G7)', async (t) => {
  const seed = seedOf(t);
  const { nodes: [one, two], urls } = await startCluster(t);
  if (one === undefined || two === undefined) throw new Error('two nodes');
  const simon = await openSocket(one.url, 'Simon');
  const fedir = await openSocket(two.url, 'Fedir');
  await Promise.all([simon.call('feed.open'), fedir.call('feed.open')]);
  await fedir.call('presence.subscribe', { users: ['Simon'] });
  const workload = new Workload({ urls, clients: 12, rooms: 4, members: 6, seed });
  await workload.begin();
  await workload.more(100);
  one.run.child.kill('SIGSTOP');
  const stopped = performance.now();
  const gone = (): boolean => fedir.events('presence.changed')
    .some(({ user, online }) => user === 'Simon' && online === false);
  await eventually('the other node says that he is gone', gone, 15_000);
  const noticed = Math.round(performance.now() - stopped);
  t.ok(noticed <= 10_000, `presence was right after ${noticed} ms (G8)`);
  await workload.more(100);
  one.run.child.kill('SIGCONT');
  const continued = performance.now();
  const code = await simon.closed;
  const took = Math.round(performance.now() - continued);
  t.ok(took <= 1_000, `its sockets were closed with ${code} after ${took} ms`);
  await workload.more(100);
  await eventually('it serves again', async () =>
    await call(one.url, 'Simon', 'room.list').then(() => true, () => false));
  upholds(t, await workload.end(30_000), seed);
});
