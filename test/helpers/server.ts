import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { createServer, type Server } from '../../src/server.js';
import type { ServerOptions } from '../../src/options.js';

/** The built command. */
export const command = fileURLToPath(new URL('../../bin/ringpost.js', import.meta.url));

/** A folder that goes away with the test. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringpost-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of the command, with all that it prints. */
export interface Run {
  readonly child: ChildProcess;
  /** Both streams, as far as they came. */
  readonly output: () => string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<Exit>;
  /** The first match in what is printed, now or later. Rejects when the process ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `ringpost ARGS`; it is killed when the test ends. */
export const runCommand = (
  t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {},
): Run => runScript(t, [command, ...args], env);

/** Starts Node with a script and its arguments; it is killed when the test ends. */
export function runScript(
  t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {},
): Run {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('RINGPOST_')));
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'pipe'], env: { ...clean, ...env },
  });
  let [out, err] = ['', ''];
  const waiting = new Set<() => void>();
  const look = (): void => { for (const check of [...waiting]) check(); };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { out += chunk; look(); });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { err += chunk; look(); });
  let ended = false;
  const exit = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      resolve({ code, signal });
      look();
    });
  });
  t.teardown(async () => {
    if (!ended) child.kill('SIGKILL');
    await exit;
  });
  const output = (): string => `${out}${err}`;
  return {
    child, output, exit, stdout: () => out, stderr: () => err,
    printed: (pattern) => new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(output());
        if (match === null && !ended) return;
        waiting.delete(check);
        if (match !== null) resolve(match);
        else reject(new Error(`ended without printing ${pattern}:\n${output()}`));
      };
      waiting.add(check);
      check();
    }),
  };
}

export interface RunningServer extends Run {
  readonly url: string;
  readonly pid: number;
  /** SIGTERM, then the exit. */
  stop(): Promise<Exit>;
  /** kill -9, then the exit. */
  kill(): Promise<Exit>;
}

/**
 * Starts a real server process on a free port and waits until it is ready. `--dev` unless other
 * flags say who may sign in; a folder of its own unless `--data` says where.
 */
export async function startServer(
  t: Test, args: readonly string[] = [], env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const has = (...flags: string[]): boolean => flags.some((flag) => args.includes(flag));
  const all = ['serve', ...args];
  if (!has('--port')) all.push('--port', '0');
  if (!has('--data', '--redis')) all.push('--data', temporaryFolder(t));
  if (!has('--dev', '--secret', '--public-key', '--jwks', '--api-keys')
    && env['RINGPOST_SECRET'] === undefined) all.push('--dev');
  const run = runCommand(t, all, env);
  const [, url = ''] = await run.printed(/ready: (https?:\/\/\S+)/);
  const end = (signal: NodeJS.Signals): Promise<Exit> => {
    run.child.kill(signal);
    return run.exit;
  };
  return {
    ...run, url, pid: run.child.pid ?? 0, stop: () => end('SIGTERM'), kill: () => end('SIGKILL'),
  };
}

/** A server inside of the test, in memory and for development unless told otherwise. */
export async function startInProcess(
  t: Test, options: ServerOptions = {}, prepare: (server: Server) => void = () => undefined,
): Promise<Server> {
  const server = createServer({
    data: false, ...(options.verify === undefined && options.secret === undefined && { dev: true }),
    ...options,
  });
  prepare(server);
  await server.listen(0);
  t.teardown(() => server.close());
  return server;
}

/** One call over HTTP: the whole answer. */
export async function post(
  url: string, token: string | undefined, body: unknown,
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

let ids = 0;

/** One call over HTTP that must succeed: its result. */
export async function call(
  url: string, token: string, method: string, params: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const answer = await post(url, token, { jsonrpc: '2.0', id: ++ids, method, params });
  const { result, error } = Object(answer) as { result?: unknown; error?: unknown };
  if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
  return Object(result) as Record<string, unknown>;
}
