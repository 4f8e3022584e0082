import t from 'tap';
import { roomKey, userKey } from '../../src/base/ids.js';
import { propose, slotOf } from '../../src/cluster/ring.js';
import { eventually } from '../helpers/eventually.js';
import { startRedises } from '../helpers/redis.js';
import { call, post, startServer } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const shards = ['shard1', 'shard2'] as const;
const redis = servers.map(({ url }, i) => `${shards[i]}=${url}`).join(',');
const owners = propose(shards);

/** The first of `name-0`, `name-1` … that lives on a shard. */
function nameOn(shard: string, key: typeof roomKey | typeof userKey, name: string): string {
  for (let n = 0; ; n++) {
    const id = `${name}-${n}`;
    if (owners[slotOf(key('default', id))] === shard) return id;
  }
}
const [away, stays] = shards;
const awayRoom = nameOn(away, roomKey, 'room');
const room = nameOn(stays, roomKey, 'room');
const awayUser = nameOn(away, userKey, 'fedir');
const simon = nameOn(stays, userKey, 'simon');
const ann = nameOn(stays, userKey, 'ann');
const admin = nameOn(stays, userKey, 'root');

/** A call's error, and how long it took to come. */
async function refusal(url: string, user: string, method: string, params: object) {
  const from = performance.now();
  const answer = await post(url, user, { jsonrpc: '2.0', id: 1, method, params });
  const { error } = Object(answer) as { error?: { code: number; data: Record<string, unknown> } };
  return { error, tookMs: Math.round(performance.now() - from) };
}

t.test('a shard that stops answering costs its own rooms and users only', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) =>
    startServer(t, ['--redis', redis, '--node', name])));
  if (one === undefined || two === undefined) throw new Error('no node');
  const members = [awayUser, ann];
  for (const name of [awayRoom, room]) {
    await call(one.url, simon, 'room.create', { room: name, members });
  }
  const [fedir, here] = await Promise.all([
    openSocket(two.url, awayUser), openSocket(two.url, ann)]);
  await Promise.all([fedir.call('feed.open'), here.call('feed.open')]);
  await here.call('presence.subscribe', { users: [awayUser] });
  const texts = (socket: typeof fedir): unknown[] =>
    socket.events('message.created').map(({ text }) => text);

  servers[0]?.signal('SIGSTOP');
  const first = await refusal(one.url, simon, 'message.send', { room: awayRoom, text: 'lost?' });
  t.ok([-32002, -32009].includes(first.error?.code ?? 0), `${first.error?.code}`);
  t.ok(first.tookMs < 2_000, `within 2 s: ${first.tookMs} ms`);
  const next = await refusal(one.url, simon, 'message.send', { room: awayRoom, text: 'no' });
  t.match(next.error, {
    code: -32009, data: { reason: 'shard_unreachable', retryAfterMs: Number } });
  t.ok(next.tookMs < 1_000, `at once: ${next.tookMs} ms`);
  await call(one.url, simon, 'message.send', { room, text: 'goes on' });
  await eventually('who lives on the other shard has it', () => texts(here).includes('goes on'));
  const ready = await fetch(two.url.replace('/rpc', '/readyz'));
  t.equal(ready.status, 200);
  t.match(await ready.json(), { ready: true, away: [away] });
  const stats = await call(two.url, `${admin}:admin`, 'server.stats');
  t.match(stats['shards'], [{ shard: away, reachable: false }, { shard: stays, reachable: true }]);
  t.notOk(texts(fedir).includes('goes on'), 'his feed is away');

  servers[0]?.signal('SIGCONT');
  await eventually('what waited for the shard is delivered', () =>
    texts(fedir).includes('goes on'));
  await eventually('it takes writes again', async () =>
    (await refusal(one.url, simon, 'message.send', { room: awayRoom, text: 'again' }))
      .error === undefined);
  await eventually('also what is sent now', () => texts(fedir).includes('again'));
  t.equal(texts(fedir).filter((text) => text === 'goes on').length, 1, 'once');
  t.equal(fedir.socket.readyState, fedir.socket.OPEN, 'nobody was thrown out');
  const { users } = await call(one.url, simon, 'presence.query', { users: [awayUser, ann] });
  t.match(users, { [awayUser]: { online: true, devices: 1 }, [ann]: { online: true } });
  t.strictSame(here.events('presence.changed'), [], 'a shard that is away expires nobody');
});
