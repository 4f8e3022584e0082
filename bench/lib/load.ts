import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Round } from './compare.js';
import type { Done, Opening, Work } from './load-worker.js';
import { cpuDuring, type ServerProcess } from './processes.js';

/** Connections to one server, held by a load process. */
export class Load {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(opening: Omit<Opening, 'kind'>): Promise<Load> {
    const child = fork(fileURLToPath(new URL('./load-worker.js', import.meta.url)));
    const load = new Load(child);
    await load.#ask({ kind: 'open', ...opening });
    return load;
  }

  async #ask(order: Opening | Work): Promise<Done> {
    this.#child.send(order);
    const [answer] = await once(this.#child, 'message') as [Done & { failed?: string }];
    if (answer.failed !== undefined) throw new Error(`load generator: ${answer.failed}`);
    return answer;
  }

  /** Works once, with the CPU that the server spent on it. */
  async round(server: ServerProcess, work: Work): Promise<Round> {
    const { value, cpu } = await cpuDuring(server, () => this.#ask(work));
    return { ...value, cpuSeconds: cpu };
  }

  close(): void {
    this.#child.kill();
  }
}
