import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis server of a test. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  /** Sends a signal: SIGKILL, SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
  /** Starts it again on the same port and folder, after it was killed or stopped. */
  restart(): Promise<void>;
  /** Ends the process, its folder stays. */
  stop(): Promise<void>;
  /** Ends the process and removes its folder. */
  close(): Promise<void>;
}

export interface RedisServerOptions {
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  /** Further settings, as on the command line. */
  readonly settings?: readonly string[];
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** One PING; resolves to whether it was answered with PONG. */
function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (fine: boolean): void => {
      socket.destroy();
      resolve(fine);
    };
    socket.on('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.on('error', () => end(false));
  });
}

async function start(port: number, folder: string, options: RedisServerOptions):
Promise<ChildProcess> {
  const child = spawn('redis-server', [
    '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '',
    '--appendonly', 'yes', '--appendfsync', options.appendfsync ?? 'everysec',
    '--loglevel', 'warning', ...options.settings ?? [],
  ], { stdio: 'ignore' });
  while (!await ping(port)) {
    if (child.exitCode !== null) throw new Error(`redis-server ended: ${child.exitCode}`);
    await new Promise<void>((resolve) => { setImmediate(resolve); });
  }
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGKILL');
  await gone;
}

/** Starts a real server on a free port, with an append-only file in a folder of its own. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ringpost-redis-'));
  const port = await freePort();
  let child = await start(port, folder, options);
  const onExit = (): void => { child.kill('SIGKILL'); };
  process.once('exit', onExit);
  return {
    port, url: `redis://127.0.0.1:${port}`, folder,
    get pid() {
      return child.pid ?? 0;
    },
    signal: (name) => { child.kill(name); },
    async restart() {
      await end(child);
      child = await start(port, folder, options);
    },
    stop: () => end(child),
    async close() {
      process.removeListener('exit', onExit);
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts several at once. */
export const startRedises = (
  n: number, options?: RedisServerOptions,
): Promise<RedisServer[]> => Promise.all(Array.from({ length: n }, () => startRedis(options)));
