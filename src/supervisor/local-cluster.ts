import { createServer } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { WorkerSpec } from './supervisor.js';

export interface LocalClusterOptions {
  readonly nodes: number;
  readonly shards: number;
  /** Where the shards keep their files. */
  readonly folder: string;
  /** Port of the first node, the others follow; 0 takes free ones. */
  readonly port: number;
  readonly fsync: 'always' | 'everysec';
  /** The command's own script, started with `serve`. */
  readonly script: string;
  /** Further flags for each node. */
  readonly flags: readonly string[];
}

export interface LocalCluster {
  /** With the folder of each. */
  readonly shards: readonly (WorkerSpec & { readonly folder: string })[];
  readonly nodes: readonly WorkerSpec[];
  /** Ports of the shards, to wait for. */
  readonly shardPorts: readonly number[];
}

/** A port of the loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** What processes a local cluster is made of: shards by name, so that their ports may change. */
export async function planLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const shards: (WorkerSpec & { readonly folder: string })[] = [];
  const urls: string[] = [];
  const shardPorts: number[] = [];
  for (let n = 1; n <= options.shards; n++) {
    const name = `shard${n}`;
    const folder = resolve(join(options.folder, name));
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    shardPorts.push(port);
    urls.push(`${name}=redis://127.0.0.1:${port}/0`);
    shards.push({
      name, folder,
      command: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '',
        '--appendonly', 'yes', '--appendfsync', options.fsync,
        '--maxmemory-policy', 'noeviction', '--loglevel', 'warning'],
    });
  }
  const nodes = Array.from({ length: options.nodes }, (_, n): WorkerSpec => ({
    name: `node${n + 1}`,
    args: [options.script, 'serve', '--redis', urls.join(','), '--node', `node${n + 1}`,
      '--port', String(options.port === 0 ? 0 : options.port + n), ...options.flags],
  }));
  return { shards, nodes, shardPorts };
}
