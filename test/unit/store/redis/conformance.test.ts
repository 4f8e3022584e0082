import t from 'tap';
import { feedConformance } from '../../../conformance/feeds.js';
import { groupConformance } from '../../../conformance/groups.js';
import { roomConformance } from '../../../conformance/rooms.js';
import { userConformance } from '../../../conformance/users.js';
import { redisFactory } from '../../../helpers/redis-store.js';
import { startRedises } from '../../../helpers/redis.js';

// Servers before tests: the first test that ends with nothing behind it ends them all.
const [one, ...three] = await startRedises(4);
if (one === undefined) throw new Error('no server');
t.teardown(() => Promise.all([one, ...three].map((server) => server.close())));

for (const servers of [[one], three]) {
  const make = redisFactory(servers);
  const name = `on ${servers.length} Redis ${servers.length === 1 ? 'shard' : 'shards'}`;
  await roomConformance(name, make);
  await feedConformance(name, make);
  await userConformance(name, make);
  await groupConformance(name, make);
}
