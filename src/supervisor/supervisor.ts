import { spawn, type ChildProcess } from 'node:child_process';
import type { Alerts } from '../base/alerts.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import { afterCrash, noRestarts, type Restarts } from './backoff.js';
import { LastWords } from './last-words.js';

export interface WorkerSpec {
  /** For logs and alerts, such as the node's id. */
  readonly name: string;
  /** The program; Node itself where absent, with the script first among the arguments. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file descriptor that it keeps open as long as it lives: the lock of its folder. */
  readonly holds?: number;
}

export interface SupervisorOptions {
  readonly workers: readonly WorkerSpec[];
  readonly alerts: Alerts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** What a worker prints, passed on line by line as it comes. */
  readonly output: (worker: string, chunk: string, stream: 'out' | 'err') => void;
  /** Time that workers have to end by themselves after SIGTERM, in ms; then they are killed. */
  readonly stopMs: number;
}

interface Worker {
  readonly spec: WorkerSpec;
  restarts: Restarts;
  child: ChildProcess | undefined;
  cancelWait: (() => void) | undefined;
}

/** Exit code of a worker that found its settings wrong: starting it again would not help. */
export const exitUsage = 2;

/**
 * Keeps processes running: starts a crashed one again with back-off, says so through the alerts
 * with the last words that it printed, and ends them all together.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #workers: Worker[];
  #stopping = false;
  #ended: () => void = () => undefined;
  #exitCode = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#workers = options.workers.map((spec) => ({
      spec, restarts: noRestarts, child: undefined, cancelWait: undefined,
    }));
  }

  /** Process ids of the workers that run now, by name. */
  get pids(): ReadonlyMap<string, number> {
    return new Map(this.#workers.flatMap(({ spec, child }) =>
      child?.pid === undefined ? [] : [[spec.name, child.pid]]));
  }

  /** Starts all workers; resolves to the exit code when all have ended after {@link stop}. */
  run(): Promise<number> {
    return new Promise((resolve) => {
      // While every worker waits to be started again, nothing else keeps this process alive.
      const alive = setInterval(() => undefined, 60_000);
      this.#ended = () => {
        clearInterval(alive);
        resolve(this.#exitCode);
      };
      for (const worker of this.#workers) this.#start(worker);
    });
  }

  /** Asks every worker to drain and end. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const worker of this.#workers) {
      worker.cancelWait?.();
      worker.cancelWait = undefined;
      worker.child?.kill('SIGTERM');
    }
    this.#options.clock.after(this.#options.stopMs, () => {
      for (const { child } of this.#workers) child?.kill('SIGKILL');
    });
    this.#endIfAllEnded();
  }

  #start(worker: Worker): void {
    const { spec } = worker;
    const { clock, output } = this.#options;
    const words = new LastWords(20);
    const startedAt = clock.monotonic();
    const child = spawn(spec.command ?? process.execPath, spec.args, {
      stdio: ['ignore', 'pipe', 'pipe', spec.holds], env: { ...process.env, ...spec.env },
      // A process group of its own: Ctrl-C reaches the supervisor alone, which ends them in order.
      detached: true,
    });
    worker.child = child;
    worker.cancelWait = undefined;
    for (const [stream, pipe] of [['out', child.stdout], ['err', child.stderr]] as const) {
      pipe?.setEncoding('utf8').on('data', (chunk: string) => {
        words.add(chunk);
        output(spec.name, chunk, stream);
      });
    }
    child.once('close', (code, signal) => {
      worker.child = undefined;
      const livedMs = clock.monotonic() - startedAt;
      if (this.#stopping || code === 0) {
        if (code !== 0) this.#exitCode = code ?? 1;
        this.#endIfAllEnded();
      } else if (code === exitUsage) {
        this.#exitCode = exitUsage;
        this.stop();
      } else {
        this.#crashed(worker, livedMs, signal ?? `exit code ${code}`, words.lines);
      }
    });
  }

  #crashed(worker: Worker, livedMs: number, how: string, lastWords: readonly string[]): void {
    const { alerts, clock, random } = this.#options;
    const { restarts, waitMs } = afterCrash(worker.restarts, livedMs, random());
    worker.restarts = restarts;
    const { name } = worker.spec;
    alerts.send({
      kind: 'crash', subject: name,
      message: `worker ${name} ended by ${how} after ${Math.round(livedMs)} ms; `
        + `starting it again in ${waitMs} ms`,
      detail: { how, livedMs: Math.round(livedMs), crashes: restarts.crashes, lastWords },
    });
    worker.cancelWait = clock.after(waitMs, () => {
      this.#start(worker);
      alerts.send({ kind: 'restart', subject: name, message: `worker ${name} is starting again` });
    });
  }

  #endIfAllEnded(): void {
    if (this.#workers.every(({ child }) => child === undefined)
      && (this.#stopping || this.#workers.every(({ cancelWait }) => cancelWait === undefined))) {
      this.#ended();
    }
  }
}
