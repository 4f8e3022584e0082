import t from 'tap';
import { systemClock } from '../../src/base/clock.js';
import { randomId } from '../../src/base/ids.js';
import { limitsWith } from '../../src/base/limits.js';
import { openRedisStore } from '../../src/store/redis/store.js';
import { busConformance } from '../conformance/bus.js';
import { directoryConformance } from '../conformance/directory.js';
import { openNode, sessionOf } from '../helpers/cluster.js';
import { startRedises } from '../helpers/redis.js';

const servers = await startRedises(2, { settings: ['--databases', '64'] });
t.teardown(() => Promise.all(servers.map((server) => server.close())));
let database = 0;

/** Databases of their own for each cluster. */
function freshShards(): string[] {
  database += 1;
  return servers.map((server, n) => `s${n}=${server.url}/${database}`);
}

await busConformance(t, 'redis', async (handlers) => {
  const shards = freshShards();
  const [a, b] = await Promise.all([
    openNode({ shards, node: 'a', bus: handlers.a }),
    openNode({ shards, node: 'b', bus: handlers.b })]);
  return {
    a: a.bus, b: b.bus,
    async holdOnB(name) { await b.directory.connect(sessionOf(name)); },
    async close() { await Promise.all([a.close(), b.close()]); },
  };
});

const graceMs = 300;
await directoryConformance(t, 'redis', async (changed) => {
  const shards = freshShards();
  const limits = { presenceGraceMs: graceMs, maxConnectionsPerUser: 3 };
  const [a, b] = await Promise.all([
    openNode({ shards, node: 'a', limits, presence: changed.a }),
    openNode({ shards, node: 'b', limits, presence: changed.b })]);
  const store = openRedisStore({
    port: a.shards, limits: limitsWith({}), clock: systemClock, ids: randomId,
  });
  return {
    a: a.directory, b: b.directory, maxConnectionsPerUser: 3, users: store.users,
    // The grace is the thing waited for, by the clock that it runs on.
    passGrace: () => new Promise((resolve) => { systemClock.after(graceMs + 100, resolve); }),
    async close() { await Promise.all([a.close(), b.close()]); },
  };
});
