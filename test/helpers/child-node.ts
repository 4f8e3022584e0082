import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

/** A cluster node that runs as a process of its own (cluster-child.ts). */
export interface ChildNode {
  readonly said: readonly string[];
  heard(line: string, timeoutMs?: number): Promise<unknown>;
  /** Signs a user in there, and waits until it is done. */
  connect(name: string): Promise<unknown>;
  signal(name: NodeJS.Signals): void;
}

/** Starts one; it is killed with the test's own process at the latest. */
export async function startChild(node: string, shards: readonly string[]): Promise<ChildNode> {
  const script = fileURLToPath(new URL('./cluster-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, node, ...shards], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  process.once('exit', () => { child.kill('SIGKILL'); });
  const said: string[] = [];
  createInterface(child.stdout).on('line', (line) => said.push(line));
  const heard = (line: string, timeoutMs?: number): Promise<unknown> =>
    eventually(`${node} says ${line}`, () => said.includes(line), timeoutMs);
  await heard('ready');
  return {
    said, heard,
    connect(name) {
      child.stdin.write(`${name}\n`);
      return heard(`${name} online`);
    },
    signal: (name) => { child.kill(name); },
  };
}
