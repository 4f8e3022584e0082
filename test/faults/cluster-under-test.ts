import type { Test } from 'tap';
import { startRedises, type RedisServer } from '../helpers/redis.js';
import { command } from '../helpers/server.js';
import { freePort, startRestartable, type Restartable } from './processes.js';

export interface ClusterNode extends Restartable {
  readonly url: string;
}

export interface ClusterUnderTest {
  readonly nodes: readonly ClusterNode[];
  readonly shards: readonly RedisServer[];
  readonly urls: () => readonly string[];
}

/** Real nodes over real shards that flush every write, each on a port that it keeps. */
export async function startCluster(t: Test, size = 2): Promise<ClusterUnderTest> {
  const shards = await startRedises(size, { appendfsync: 'always' });
  t.teardown(() => Promise.all(shards.map((shard) => shard.close())));
  const redis = shards.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');
  const nodes = await Promise.all(Array.from({ length: size }, async (_, i) => {
    const port = String(await freePort());
    const node = await startRestartable(t, [
      command, 'serve', '--dev', '--port', port, '--redis', redis, '--node', `node${i + 1}`,
    ]);
    return Object.assign(Object.create(node) as Restartable, {
      url: `http://127.0.0.1:${port}/rpc`,
    });
  }));
  return { nodes, shards, urls: () => nodes.map(({ url }) => url) };
}
