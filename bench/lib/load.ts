import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Round } from './compare.js';
import type { Done, Opening, Work } from './load-worker.js';
import { cpuDuring, type ServerProcess } from './processes.js';
import { within } from './within.js';

/** What opening, and what a round beyond its own time, may take. */
const openMs = 30_000;
const graceMs = 15_000;

/** Connections to one server, held by a load process. */
export class Load {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(opening: Omit<Opening, 'kind'>): Promise<Load> {
    const child = fork(fileURLToPath(new URL('./load-worker.js', import.meta.url)));
    const load = new Load(child);
    await load.#ask({ kind: 'open', ...opening }, openMs);
    return load;
  }

  async #ask(order: Opening | Work, ms: number): Promise<Done> {
    const answer = new Promise<Done>((resolve, reject) => {
      const exited = () => reject(new Error('the load generator ended'));
      this.#child.once('exit', exited);
      this.#child.once('message', (message: Done & { failed?: string }) => {
        this.#child.off('exit', exited);
        if (message.failed === undefined) resolve(message);
        else reject(new Error(`load generator: ${message.failed}`));
      });
    });
    this.#child.send(order);
    try {
      return await within(answer, ms, `the load generator (${order.kind})`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Works once, with the CPU that the server spent on it. */
  async round(server: ServerProcess, work: Work): Promise<Round> {
    const { value, cpu } = await cpuDuring(
      server, () => this.#ask(work, work.durationMs + graceMs));
    return { ...value, cpuSeconds: cpu };
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
