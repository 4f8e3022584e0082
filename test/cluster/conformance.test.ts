import t from 'tap';
import { busConformance } from '../conformance/bus.js';
import { openNode, sessionOf } from '../helpers/cluster.js';
import { startRedises } from '../helpers/redis.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
let database = 0;

/** A fresh cluster of two nodes on databases of their own. */
async function pair() {
  database += 1;
  const shards = servers.map((server, n) => `s${n}=${server.url}/${database}`);
  return { shards };
}

await busConformance(t, 'redis', async (handlers) => {
  const { shards } = await pair();
  const [a, b] = await Promise.all([
    openNode({ shards, node: 'a', bus: handlers.a }),
    openNode({ shards, node: 'b', bus: handlers.b })]);
  return {
    a: a.bus, b: b.bus,
    async holdOnB(name) { await b.directory.connect(sessionOf(name)); },
    async close() { await Promise.all([a.close(), b.close()]); },
  };
});
