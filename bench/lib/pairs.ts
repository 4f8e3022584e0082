import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PairsDone, PairsOpened, PairsOpening, PairsWork } from './pairs-worker.js';

/** Nothing here takes longer than it was told to by more than this: a run can't hang. */
const patienceMs = 30_000;

/** Dialogs of two over two nodes, held by a load process. */
export class Pairs {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(opening: Omit<PairsOpening, 'kind'>): Promise<Pairs> {
    const child = fork(fileURLToPath(new URL('./pairs-worker.js', import.meta.url)));
    const pairs = new Pairs(child);
    await pairs.#ask<PairsOpened>({ kind: 'open', ...opening }, 0);
    return pairs;
  }

  work(work: Omit<PairsWork, 'kind'>): Promise<PairsDone> {
    return this.#ask<PairsDone>({ kind: 'work', ...work }, work.durationMs);
  }

  async #ask<T>(order: PairsOpening | PairsWork, durationMs: number): Promise<T> {
    this.#child.send(order);
    const [answer] = await once(this.#child, 'message', {
      signal: AbortSignal.timeout(durationMs + patienceMs),
    }) as [T & { failed?: string }];
    if (answer.failed !== undefined) throw new Error(`load generator: ${answer.failed}`);
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}
