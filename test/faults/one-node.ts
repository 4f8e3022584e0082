import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Test } from 'tap';
import { runScript, temporaryFolder, type Run } from '../helpers/server.js';
import type { Record } from './record.js';
import { random, Workload } from './workload.js';

export interface OneNodeOptions {
  /** The command to run; a scratch copy of it where a fault was planted. */
  readonly command: string;
  readonly seed: number;
  readonly kills: number;
  readonly clients?: number;
  /** Acknowledged messages between two kills at most. */
  readonly between?: number;
  /** How long feeds may take to catch up at the end. */
  readonly patienceMs?: number;
}

export interface Outcome {
  readonly record: Record;
  /** What `ringpost data verify` printed and ended with, the server being gone. */
  readonly verified: { readonly code: number | null; readonly output: string };
}

/** The seed of a run: `FAULT_SEED` where it is set, to replay one that was printed. */
export function seedOf(t: Test): number {
  const given = Number(process.env['FAULT_SEED']);
  const seed = Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31);
  t.comment(`seed ${seed}: replay with FAULT_SEED=${seed}`);
  return seed;
}

/** A port that stays the same while the process behind it changes. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * Runs the workload against one server process over one data folder, which is killed with
 * `kill -9` again and again under load, and once more at the last acknowledgement, so that what
 * was not delivered yet has to come without anything new being written.
 */
export async function killUnderLoad(t: Test, options: OneNodeOptions): Promise<Outcome> {
  const { command, seed, kills, clients = 24, between = 150 } = options;
  const folder = temporaryFolder(t);
  const port = String(await freePort());
  const args = [command, 'serve', '--dev', '--port', port, '--data', folder];
  const start = async (): Promise<Run> => {
    const run = runScript(t, args);
    await run.printed(/ready: http/);
    return run;
  };
  const kill = async (run: Run): Promise<void> => {
    run.child.kill('SIGKILL');
    await run.exit;
  };
  let run = await start();
  const restart = async (): Promise<void> => {
    await kill(run);
    run = await start();
  };
  const workload = new Workload({
    urls: () => [`http://127.0.0.1:${port}/rpc`], clients, rooms: 8, members: 6, seed,
  });
  await workload.begin();
  const choose = random(seed + 1);
  for (let killed = 0; killed < kills; killed++) {
    await workload.more(20 + Math.floor(choose() * between));
    await restart();
  }
  const record = await workload.end(options.patienceMs, restart);
  await kill(run);
  const verifying = runScript(t, [command, 'data', 'verify', '--data', folder]);
  const { code } = await verifying.exit;
  return { record, verified: { code, output: verifying.output() } };
}
