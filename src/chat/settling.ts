import type { UserKey } from '../base/ids.js';

interface Pending {
  count: number;
  waiting: (() => void)[];
}

/** Whose own calls are not forwarded yet, for those who want to see them in their room list. */
export class Settling {
  readonly #users = new Map<UserKey, Pending>();

  begin(user: UserKey): void {
    const pending = this.#users.get(user);
    if (pending === undefined) this.#users.set(user, { count: 1, waiting: [] });
    else pending.count += 1;
  }

  end(user: UserKey): void {
    const pending = this.#users.get(user);
    if (pending === undefined) return;
    pending.count -= 1;
    if (pending.count > 0) return;
    this.#users.delete(user);
    for (const run of pending.waiting) run();
  }

  settled(user: UserKey): Promise<void> {
    const pending = this.#users.get(user);
    if (pending === undefined) return Promise.resolve();
    return new Promise((resolve) => pending.waiting.push(resolve));
  }
}
