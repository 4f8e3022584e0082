import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loggedAlerts } from '../src/base/alerts.js';
import { systemClock } from '../src/base/clock.js';
import { createLogger } from '../src/base/log.js';
import { planLocalCluster } from '../src/supervisor/local-cluster.js';
import { Supervisor } from '../src/supervisor/supervisor.js';

const help = `ringpost cluster: a cluster on this machine, for development

  ringpost cluster --nodes 2 --shards 2

Starts Redis servers with an append-only file each, and nodes in front of them. What is written
stays in the folder, so the same command goes on where it was. Ctrl-C ends all of it.

  --nodes COUNT     processes that serve (2)
  --shards COUNT    Redis servers that keep (2)
  --port PORT       of the first node, the others follow (8080); 0 takes free ones
  --data FOLDER     where the shards keep their files (./cluster)
  --fsync MODE      always: nothing acknowledged is lost when the power goes;
                    everysec: the last second may be, and faster (everysec)
  -- FLAGS          further flags for each node, such as -- --limit maxMembers=500

Try it in two terminals:
  ringpost client http://127.0.0.1:8080/rpc --user Simon
  ringpost client http://127.0.0.1:8081/rpc --user Fedir
`;

const missing = `ringpost cluster needs redis-server, which is not on the PATH. Install it:
  Debian, Ubuntu   sudo apt-get install redis-server
  macOS            brew install redis
  Fedora           sudo dnf install redis`;

function count(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) {
    throw new RangeError(`--${name} takes a whole number from 1 to 64; got ${text}`);
  }
  return value;
}

/** Resolves when something accepts connections there. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => done(true));
      socket.once('error', () => done(false)).once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((wait) => setTimeout(wait, 20));
  }
}

function settings(args: readonly string[]) {
  const split = args.indexOf('--');
  const { values } = parseArgs({
    args: [...(split < 0 ? args : args.slice(0, split))],
    options: {
      nodes: { type: 'string', default: '2' }, shards: { type: 'string', default: '2' },
      port: { type: 'string', default: '8080' }, data: { type: 'string', default: './cluster' },
      fsync: { type: 'string', default: 'everysec' }, help: { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_000) {
    throw new RangeError(`--port takes 0 to 65000; got ${values.port}`);
  }
  if (values.fsync !== 'always' && values.fsync !== 'everysec') {
    throw new RangeError(`--fsync is always or everysec; got ${values.fsync}`);
  }
  return {
    help: values.help, port, fsync: values.fsync, folder: resolve(values.data),
    nodes: count(values.nodes, 'nodes'), shards: count(values.shards, 'shards'),
    flags: split < 0 ? [] : args.slice(split + 1),
  } as const;
}

/** Passes whole lines on with the name of who printed them. */
function printer(): (worker: string, chunk: string, stream: 'out' | 'err') => void {
  const rests = new Map<string, string>();
  return (worker, chunk, stream) => {
    const lines = ((rests.get(worker + stream) ?? '') + chunk).split('\n');
    rests.set(worker + stream, lines.pop() ?? '');
    const out = stream === 'out' ? process.stdout : process.stderr;
    for (const line of lines) out.write(`${worker.padEnd(7)}│ ${line}\n`);
  };
}

/** `ringpost cluster …`; resolves to the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  let chosen;
  try {
    chosen = settings(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee ringpost cluster --help`);
    return 2;
  }
  if (chosen.help) {
    console.log(help);
    return 0;
  }
  if (spawnSync('redis-server', ['--version']).error !== undefined) {
    console.error(missing);
    return 1;
  }
  const signsIn = /^--(secret|public-key|jwks|api-keys|config)/;
  const flags = chosen.flags.some((flag) => signsIn.test(flag))
    ? chosen.flags : ['--dev', ...chosen.flags];
  const script = fileURLToPath(new URL('./ringpost.js', import.meta.url));
  const plan = await planLocalCluster({ ...chosen, script, flags });
  const log = createLogger({ format: process.stderr.isTTY ? 'people' : 'json' });
  const parts = {
    alerts: loggedAlerts(log), clock: systemClock, log, random: Math.random, output: printer(),
    stopMs: 20_000,
  };
  const shards = new Supervisor({ ...parts, workers: plan.shards });
  const nodes = new Supervisor({ ...parts, workers: plan.nodes });
  const stop = () => nodes.stop();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  console.log(`${chosen.nodes} nodes over ${chosen.shards} shards, kept in ${chosen.folder}`);
  const shardsEnded = shards.run();
  await Promise.all(plan.shardPorts.map(listening));
  // Nodes first, so that what they still forward finds its shards.
  const exitCode = await nodes.run();
  shards.stop();
  await shardsEnded;
  return exitCode;
}
