import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort, startRedis, type RedisServer } from './redis.js';

/** A primary with a replica, watched by one Sentinel. */
export interface Failover {
  /** `redis+sentinel://…` as `--redis` takes it. */
  readonly url: string;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  close(): Promise<void>;
}

/** Starts the three, and waits until the replica follows and the Sentinel knows of it. */
export async function startFailover(): Promise<Failover> {
  const primary = await startRedis();
  const replica = await startRedis({
    settings: ['--replicaof', `127.0.0.1 ${primary.port}`],
  });
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'ringpost-sentinel-'));
  const settings = join(folder, 'sentinel.conf');
  await writeFile(settings, [
    `port ${port}`, 'bind 127.0.0.1', `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
    'sentinel down-after-milliseconds main 1000', 'sentinel failover-timeout main 3000', '',
  ].join('\n'));
  const child = spawn('redis-server', [settings, '--sentinel'], { stdio: 'ignore' });
  const onExit = (): void => { child.kill('SIGKILL'); };
  process.once('exit', onExit);
  const asker = new Redis(port, '127.0.0.1', { protocol: 2, retryStrategy: () => 50 });
  asker.on('error', () => undefined);
  await eventually('the Sentinel knows the replica', async () => {
    const replicas = await asker.call('SENTINEL', 'replicas', 'main').catch(() => []);
    return Array.isArray(replicas) && replicas.length === 1
      && JSON.stringify(replicas).includes('"master-link-status","ok"');
  }, 20_000);
  asker.disconnect();
  return {
    url: `redis+sentinel://127.0.0.1:${port}/main`, primary, replica,
    async close() {
      process.removeListener('exit', onExit);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      await Promise.all([primary.close(), replica.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
