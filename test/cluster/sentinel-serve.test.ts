import t from 'tap';
import { eventually } from '../helpers/eventually.js';
import { startRedis } from '../helpers/redis.js';
import { startFailover } from '../helpers/sentinel.js';
import { call, startServer } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';

t.test('a failover under a server hides no loss, and it goes on by itself (G6)', async (t) => {
  const failover = await startFailover();
  const plain = await startRedis();
  t.teardown(() => Promise.all([failover.close(), plain.close()]));
  // Two hosts, of which one is nobody: their comma is none between shards.
  const [, host = ''] = /\/\/([^/]+)\//.exec(failover.url) ?? [];
  const sentinel = failover.url.replace(host, `127.0.0.1:1,${host}`);
  const { url } = await startServer(t, ['--redis', `one=${sentinel},two=${plain.url}`]);
  const stats = await call(url, 'Root:admin', 'server.stats');
  t.match(stats['shards'], [{ shard: 'one', reachable: true }, { shard: 'two', reachable: true }]);

  const rooms = Array.from({ length: 6 }, (_, i) => `room-${i}`);
  const simon = await openSocket(url, 'Simon');
  const acknowledged = new Map<string, { seq: number; epoch: string; text: string }[]>();
  for (const room of rooms) {
    await simon.call('room.create', { room });
    const sent = [];
    for (let i = 1; i <= 5; i++) {
      const { result } = await simon.call('message.send', { room, text: `${i}` });
      sent.push({ ...Object(result) as { seq: number; epoch: string }, text: `${i}` });
    }
    acknowledged.set(room, sent);
  }
  failover.primary.signal('SIGKILL');
  for (const room of rooms) {
    await eventually(`${room} takes messages`, async () => {
      const { result } = await simon.call('message.send', { room, text: 'after', key: room });
      return result !== undefined;
    }, 30_000);
    const { messages, epoch } = await call(url, 'Simon', 'message.history', { room });
    const kept = messages as { seq: number; epoch: string; text: string }[];
    t.equal(kept.filter(({ text }) => text === 'after').length, 1, 'once');
    for (const { seq, epoch: then, text } of acknowledged.get(room) ?? []) {
      if (then === epoch) t.match(kept.find((message) => message.seq === seq), { text });
      else t.not(then, epoch, 'what may be lost shows as a new epoch');
    }
  }
});
