import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { within } from './within.js';

const ticksPerSecond = 100;

/** CPU seconds, user and system, that a process has used since it began (/proc/PID/stat). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident bytes of a process. */
export function residentBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** A server under measurement: its own process, so that its CPU time is its own. */
export interface ServerProcess {
  readonly url: string;
  /** Everything that serves: the process itself and what it needs, such as Redis. */
  readonly pids: readonly number[];
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

const readyMs = 20_000;
const running = new Set<ChildProcess>();

/** Ends every server that still runs: they must not outlive a benchmark that failed. */
export function stopServers(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Starts a Node script and waits for the URL in the first line that it prints.
 * @param also pids of other processes that serve with it
 */
export async function startServer(
  script: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {},
  also: readonly number[] = [], nodeArgs: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
  running.add(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => {
    running.delete(child);
    resolve();
  }));
  const ready = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /https?:\/\/\S+/.exec(line);
      if (found !== null) resolve(found[0]);
    });
    void exited.then(() => reject(new Error(`${script} exited before it was ready`)));
  });
  const url = await within(ready, readyMs, `starting ${script}`);
  const pid = child.pid ?? 0;
  return {
    url,
    pids: [pid, ...also],
    child,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** CPU seconds that all processes of a server used while something ran. */
export async function cpuDuring<T>(
  server: ServerProcess, run: () => Promise<T>,
): Promise<{ value: T; cpu: number }> {
  const total = () => server.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = total();
  const value = await run();
  return { value, cpu: total() - before };
}
