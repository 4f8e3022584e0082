import { spawnSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loggedAlerts } from '../src/base/alerts.js';
import { systemClock } from '../src/base/clock.js';
import { createLogger } from '../src/base/log.js';
import { lockFolder } from '../src/store/embedded/folder-lock.js';
import { planLocalCluster, type LocalCluster } from '../src/supervisor/local-cluster.js';
import { Supervisor } from '../src/supervisor/supervisor.js';
import { ClusterReport } from './cluster-report.js';

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

const lockMode = constants.O_RDONLY | constants.O_NONBLOCK;

/** Resolves when something accepts connections there, or nobody waits for it any more. */
async function listening(port: number, over: () => boolean): Promise<void> {
  while (!over()) {
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

/** How whoever started this calls the command. */
function commandName(script: string): string {
  if (process.env['npm_command'] === 'exec') return 'npx ringpost';
  const called = process.argv[1] ?? 'ringpost';
  return basename(called) === basename(script) ? `node ${relative('.', script)}` : basename(called);
}

/** Refuses before anything runs what would fail again and again later. */
async function checkFree(first: number, nodes: number): Promise<void> {
  for (let port = first; first !== 0 && port < first + nodes; port++) {
    const taken = await new Promise<boolean>((done) => {
      const server = createServer().once('error', () => done(true));
      server.listen(port, '127.0.0.1', () => server.close(() => done(false)));
    });
    if (taken) throw new Error(`port ${port} is taken: give others with --port, or --port 0`);
  }
}

/** Flags of each node: for development unless they say who may sign in, and of few words. */
function nodeFlags(given: readonly string[]): string[] {
  const says = (pattern: RegExp): boolean => given.some((flag) => pattern.test(flag));
  return [
    ...(says(/^--(secret|public-key|jwks|api-keys|config)/) ? [] : ['--dev']),
    ...(says(/^--log(=|$)/) ? [] : ['--log', 'people']),
    ...(says(/^--log-level/) ? [] : ['--log-level', 'warn']),
    ...given,
  ];
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
  const script = fileURLToPath(new URL('./ringpost.js', import.meta.url));
  try {
    await checkFree(chosen.port, chosen.nodes);
    const flags = nodeFlags(chosen.flags);
    const plan = await planLocalCluster({ ...chosen, script, flags });
    return await serve(chosen, plan, commandName(script));
  } catch (error) {
    console.error(`ringpost: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function serve(
  chosen: { nodes: number; shards: number; folder: string }, plan: LocalCluster, command: string,
): Promise<number> {
  // Two servers that append to one file would ruin it.
  const shardSpecs = plan.shards.map(({ folder, ...spec }) => {
    lockFolder(folder, (run) => run());
    return { ...spec, holds: openSync(join(folder, 'in-use'), lockMode) };
  });
  const log = createLogger({ format: process.stderr.isTTY ? 'people' : 'json' });
  const report = new ClusterReport({
    ...chosen, command,
    print: (text, stream) => { (stream === 'out' ? process.stdout : process.stderr).write(text); },
  });
  const parts = {
    alerts: loggedAlerts(log), clock: systemClock, log, random: Math.random, output: report.take,
    stopMs: 20_000,
  };
  const shards = new Supervisor({ ...parts, workers: shardSpecs });
  const nodes = new Supervisor({ ...parts, workers: plan.nodes });
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    nodes.stop();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const shardsEnded = shards.run();
  await Promise.all(plan.shardPorts.map((port) => listening(port, () => stopping)));
  // Nodes first, so that what they still forward finds its shards.
  const exitCode = stopping ? 0 : await nodes.run();
  shards.stop();
  await shardsEnded;
  return exitCode;
}
