import { statfsSync } from 'node:fs';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { StoreError } from '../rooms.js';
import type { StoreHealth } from '../store.js';
import type { WriteGate } from './committer.js';

/** Below this share of free space nothing is written: a full disk in mid-commit is worse. */
const minFreeShare = 0.05;
/** While fenced, space is looked for this often: writing goes on well within 5 s. */
const lookAgainMs = 1_000;

/** Free space of the disk, as a share of all of it from 0 to 1. */
export type FreeShare = () => number;

/** What the operating system says of the disk that holds a folder. */
export const freeShareOf = (folder: string): FreeShare => () => {
  const { bavail, blocks } = statfsSync(folder);
  return blocks === 0 ? 1 : bavail / blocks;
};

/**
 * Stops writing before the disk does (G9): refused calls have no effect and say when to retry.
 *
 * Space that comes back opens it again. A commit that failed closes it for good: what reached the
 * disk is not known, and LMDB may abort the process on the next write. The process has to be
 * started again; until then it serves what is durable.
 */
export class Fence implements WriteGate {
  #health: StoreHealth = { writable: true };

  constructor(
    private readonly free: FreeShare, private readonly clock: Clock, private readonly log: Logger,
  ) {}

  get health(): StoreHealth {
    return this.#health;
  }

  check(): void {
    const { reason } = this.#health;
    if (reason !== undefined) throw new StoreError('refused', reason, lookAgainMs);
  }

  beforeCommit(): void {
    this.check();
    this.#look();
    this.check();
  }

  commitFailed(cause: unknown): void {
    this.#health = { writable: false, reason: 'commit_failed' };
    this.log.fatal({ err: cause }, 'a commit failed: nothing is written any more, restart needed');
  }

  #look(): void {
    const full = this.free() < minFreeShare;
    if (full === !this.#health.writable) return;
    this.#health = full ? { writable: false, reason: 'storage_full' } : { writable: true };
    if (full) {
      this.log.error({ minFreeShare }, 'too little free space: writing stops until there is more');
      this.#lookLater();
    } else {
      this.log.warn('enough free space again: writing goes on');
    }
  }

  /** So that health tells the truth without any traffic. */
  #lookLater(): void {
    this.clock.after(lookAgainMs, () => {
      if (this.#health.reason !== 'storage_full') return;
      this.#look();
      if (!this.#health.writable) this.#lookLater();
    });
  }
}
