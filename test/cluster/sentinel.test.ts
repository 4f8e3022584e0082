import t from 'tap';
import { connectRedis, parseShard } from '../../src/cluster/redis-client.js';
import { openNode, sessionOf, user } from '../helpers/cluster.js';
import { eventually } from '../helpers/eventually.js';
import type { RedisServer } from '../helpers/redis.js';
import { startFailover } from '../helpers/sentinel.js';

async function generationOf(server: RedisServer): Promise<string> {
  const client = connectRedis(parseShard(server.url), 'commands');
  await client.connect();
  const [field = ''] = await client.hvals('slots');
  client.disconnect();
  return field.split('.')[1] ?? '';
}

t.setTimeout(120_000);

/** A node on a shard whose primary fails, after a registration that the replica has or lacks. */
async function failOver(replicated: boolean) {
  const failover = await startFailover();
  const node = await openNode({ shards: [`s0=${failover.url}`], node: 'a' });
  try {
    const before = await generationOf(failover.primary);
    if (!replicated) {
      // Stopped, it cannot come back before the primary is gone; cut, nothing is on its way.
      failover.replica.signal('SIGSTOP');
      const primary = connectRedis(parseShard(failover.primary.url), 'commands');
      await primary.connect();
      await primary.call('CLIENT', 'KILL', 'TYPE', 'replica');
      primary.disconnect();
    }
    await node.directory.connect(sessionOf('simon'));
    if (replicated) {
      await eventually('the replica has it', async () => {
        const replica = connectRedis(parseShard(failover.replica.url), 'commands');
        await replica.connect();
        const has = await replica.exists(`held:${node.shards.fence('s0')}`);
        replica.disconnect();
        return has === 1;
      });
    }
    failover.primary.signal('SIGKILL');
    failover.replica.signal('SIGCONT');
    await eventually('the shard is missed', () => !node.shards.reachable('s0'));
    await eventually('the replica is used', () => node.shards.reachable('s0'), 25_000);
    await eventually('the connection is there', async () =>
      (await node.directory.query([user('simon')]))[0]?.devices === 1);
    return { before, after: await generationOf(failover.replica) };
  } finally {
    await node.close();
    await failover.close();
  }
}

void t.test('a failover that lost acknowledged writes changes the epochs (G6)', async (t) => {
  const { before, after } = await failOver(false);
  t.ok(after > before, `${before} became ${after}`);
});

void t.test('a failover that lost nothing keeps the epochs', async (t) => {
  const { before, after } = await failOver(true);
  t.equal(after, before);
});
