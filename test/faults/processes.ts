import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Test } from 'tap';
import { runScript, type Run } from '../helpers/server.js';
import { check, summary } from './checker.js';
import type { Record } from './record.js';

/** The seed of a run: `FAULT_SEED` where it is set, to replay one that was printed. */
export function seedOf(t: Test): number {
  const given = Number(process.env['FAULT_SEED']);
  const seed = Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31);
  t.comment(`seed ${seed}: replay with FAULT_SEED=${seed}`);
  return seed;
}

/** Holds a record against the promises; one that breaks them is kept for whoever looks into it. */
export function upholds(t: Test, record: Record, seed: number): void {
  const findings = check(record);
  if (findings.length > 0) {
    mkdirSync('dist/results', { recursive: true });
    writeFileSync(`dist/results/faults-${seed}.json`, JSON.stringify(record));
  }
  t.equal(findings.length, 0, summary(findings));
}

/** A port that stays the same while the process behind it changes. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A process that is killed and started again with the same arguments. */
export interface Restartable {
  /** Its newest run. */
  readonly run: Run;
  /** kill -9, then the exit. */
  kill(): Promise<void>;
  /** Starts it again; resolves when it is ready. */
  start(): Promise<void>;
}

/** Starts a server; resolves when it is ready. */
export async function startRestartable(t: Test, args: readonly string[]): Promise<Restartable> {
  const start = async (): Promise<Run> => {
    const run = runScript(t, args);
    await run.printed(/ready: http/);
    return run;
  };
  let run = await start();
  return {
    get run() {
      return run;
    },
    async kill() {
      run.child.kill('SIGKILL');
      await run.exit;
    },
    async start() {
      run = await start();
    },
  };
}
