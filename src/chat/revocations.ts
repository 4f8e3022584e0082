import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { Revocation, UserStore } from '../store/users.js';

/** How often the log of revocations is read: half of what G11 allows. */
const pollMs = 500;

export interface RevocationWatchOptions {
  readonly users: UserStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly revoked: (revocation: Revocation) => void;
}

/** Follows the log of revocations, so that each node acts on each one within 1 s (trap 6). */
export class RevocationWatch {
  readonly #options: RevocationWatchOptions;
  #seen = '';
  #running: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;
  #failing = false;

  constructor(options: RevocationWatchOptions) {
    this.#options = options;
  }

  /** Takes the end of the log as the place to go on from; nothing may be cached before. */
  async start(): Promise<void> {
    this.#seen = (await this.#options.users.revocationsAfter('')).seen;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Resolves once everything that was in the log when this was called has been acted on. */
  poll(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#read().finally(() => { this.#running = undefined; });
      return this.#running;
    }
    // What runs may have read already: what came since needs a reading of its own.
    this.#again ??= this.#running.catch(() => undefined).then(() => {
      this.#again = undefined;
      return this.poll();
    });
    return this.#again;
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(pollMs, () => {
      this.poll().then(() => {
        if (this.#failing) this.#options.log.info('revocations are read again');
        this.#failing = false;
      }, (error: unknown) => {
        if (!this.#failing) this.#options.log.warn({ err: error }, 'revocations cannot be read');
        this.#failing = true;
      }).finally(() => this.#arm());
    });
  }

  async #read(): Promise<void> {
    const { revocations, seen } = await this.#options.users.revocationsAfter(this.#seen);
    this.#seen = seen;
    for (const revocation of revocations) this.#options.revoked(revocation);
  }
}
