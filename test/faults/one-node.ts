import type { Test } from 'tap';
import { runScript, temporaryFolder } from '../helpers/server.js';
import { freePort, startRestartable } from './processes.js';
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

/**
 * Runs the workload against one server process over one data folder, which is killed with
 * `kill -9` again and again under load, and once more at the last acknowledgement, so that what
 * was not delivered yet has to come without anything new being written.
 */
export async function killUnderLoad(t: Test, options: OneNodeOptions): Promise<Outcome> {
  const { command, seed, kills, clients = 24, between = 150 } = options;
  const folder = temporaryFolder(t);
  const port = String(await freePort());
  const node = await startRestartable(t, [
    command, 'serve', '--dev', '--port', port, '--data', folder,
  ]);
  const restart = async (): Promise<void> => {
    await node.kill();
    await node.start();
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
  await node.kill();
  const verifying = runScript(t, [command, 'data', 'verify', '--data', folder]);
  const { code } = await verifying.exit;
  return { record, verified: { code, output: verifying.output() } };
}
