import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { startRedis, startRedises, type RedisServer } from '../../test/helpers/redis.js';
import { compare, type Contender, type Standing } from '../lib/compare.js';
import { Pairs } from '../lib/pairs.js';
import type { PairsOpening } from '../lib/pairs-worker.js';
import { cpuDuring, startServer, type ServerProcess } from '../lib/processes.js';
import type { Result } from '../lib/report.js';
import type { Effort } from '../run.js';
import { script } from './rpc.js';

const pairs = 300;
/** Messages before anything is measured, so that compilers are done with what is hot. */
const warmUpMessages = 20_000;
const longestWarmUpMs = 20_000;

interface Stack {
  readonly name: string;
  readonly script: string;
  readonly dialect: PairsOpening['dialect'];
  readonly shards: () => Promise<RedisServer[]>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Running {
  readonly name: string;
  readonly load: Pairs;
  /** All processes that serve, the shards included, as one. */
  readonly server: ServerProcess;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Two primaries of a Redis Cluster, since sharded publication is the cluster's. */
async function clusterOfTwo(): Promise<RedisServer[]> {
  const buses = [await freePort(), await freePort()];
  const servers = await Promise.all(buses.map((bus) => startRedis({
    settings: ['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
  })));
  const clients = servers.map(({ port }) => new Redis(port, '127.0.0.1'));
  const [first] = clients;
  await Promise.all(clients.map((client, index) =>
    client.call('CLUSTER', 'ADDSLOTSRANGE', index * 8_192, index * 8_192 + 8_191)));
  await first?.call('CLUSTER', 'MEET', '127.0.0.1', servers[1]?.port ?? 0, buses[1] ?? 0);
  const patience = AbortSignal.timeout(20_000);
  for (const client of clients) {
    while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      patience.throwIfAborted();
    }
    await client.quit();
  }
  return servers;
}

const ours: Stack = {
  name: 'ringpost', script: 'servers/cluster-node', dialect: 'json-rpc',
  shards: () => startRedises(2),
};
const socketIo: Stack = {
  name: 'Socket.IO, sharded adapter, XADD, INCR', script: 'baselines/socket-io-cluster',
  dialect: 'socket.io', shards: clusterOfTwo,
};

async function start(stack: Stack): Promise<Running> {
  const shards = await stack.shards();
  const env = { BENCH_REDIS: shards.map(({ url }) => url).join(','), ...stack.env };
  const nodes = [
    await startServer(script(stack.script), [], env),
    await startServer(script(stack.script), [], env),
  ] as const;
  const ws = ({ url }: ServerProcess) => url.replace('http', 'ws');
  const load = await Pairs.open({
    urls: [ws(nodes[0]), ws(nodes[1])], pairs, dialect: stack.dialect,
  });
  return {
    name: stack.name, load,
    server: {
      ...nodes[0],
      pids: [...nodes.flatMap(({ pids }) => pids), ...shards.map(({ pid }) => pid)],
    },
    async stop() {
      load.close();
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all(shards.map((shard) => shard.close()));
    },
  };
}

/** @param rate messages a second of an open loop, 0 for a closed one */
const contender = ({ name, load, server }: Running, rate: number): Contender => ({
  name,
  async round(durationMs) {
    const { value, cpu } = await cpuDuring(server, () =>
      load.work({ durationMs, perSecond: rate }));
    if (value.deliveries !== 2 * value.operations) {
      throw new Error(`${name}: ${value.deliveries} deliveries of ${value.operations} messages`);
    }
    return { ...value, cpuSeconds: cpu };
  },
});

/** Works until a stack is warm, or the patience is at its end. */
async function warm({ load }: Running, messages: number): Promise<void> {
  const endMs = performance.now() + longestWarmUpMs;
  for (let done = 0; done < messages && performance.now() < endMs;) {
    done += (await load.work({ durationMs: 1_000, perSecond: 0 })).operations;
  }
}

/** Half of what a stack took in a closed loop, to the hundred. */
const halfOf = (standing: Standing | undefined): number =>
  Math.max(100, Math.round((standing?.perSecond ?? 0) / 200) * 100);

/** Durable messages in dialogs of two whose members are on different nodes, over two shards. */
export async function clusterBench(effort: Effort): Promise<Result[]> {
  const stacks: Running[] = [];
  try {
    for (const stack of [ours, socketIo]) stacks.push(await start(stack));
    for (const stack of stacks) await warm(stack, effort.rounds > 1 ? warmUpMessages : 0);
    const closed = await compare(
      stacks.map((stack) => contender(stack, 0)), effort.rounds, effort.durationMs,
    );
    const rates = stacks.map((_, index) => halfOf(closed[index]));
    const open = await compare(
      stacks.map((stack, index) => contender(stack, rates[index] ?? 100)),
      effort.rounds, effort.durationMs,
    );
    const notes = [
      'CPU is that of two nodes and two Redis servers (append-only file, everysec). Each message '
      + 'is delivered to both members of its dialog: deliveries are twice the messages.',
      'ringpost also numbers each room without gap, keeps the sender\'s position, answers a '
      + 'repeated key alike, keeps a feed a user, and loses no delivery when a node is killed; '
      + 'the other writes the text and a counter, and publishes.',
    ];
    return [{
      bench: 'cluster', work: `durable messages over two nodes and two shards, ${2 * pairs} `
        + 'connections in dialogs of two, one side writing two at a time',
      standings: closed, notes, targets: { [socketIo.name]: 2 },
    }, {
      bench: 'cluster-latency', work: 'the same at half of that load, by the clock: from when a '
        + 'message was due to its delivery at the other node',
      standings: open, targets: {},
      notes: [`${rates.join(' and ')} messages a second, whatever the answers do.`, ...notes],
    }];
  } finally {
    for (const stack of stacks) await stack.stop();
  }
}
