import type { UserKey } from '../base/ids.js';
import type { Presence } from './directory.js';

/** What this node's sessions watch, counted, and the state that they were last told. */
export class WatchBook {
  readonly #watches = new Map<UserKey, { count: number; online: boolean | undefined }>();

  /** One watch more of each. */
  add(users: readonly UserKey[]): void {
    for (const user of users) {
      const watch = this.#watches.get(user);
      if (watch === undefined) this.#watches.set(user, { count: 1, online: undefined });
      else watch.count += 1;
    }
  }

  /** One watch less of each. Answers those whom nobody watches any more. */
  remove(users: readonly UserKey[]): UserKey[] {
    return users.filter((user) => {
      const watch = this.#watches.get(user);
      if (watch === undefined) return false;
      watch.count -= 1;
      return watch.count <= 0 && this.#watches.delete(user);
    });
  }

  /** A state that was read as the answer to a watch, before anything was told. */
  read(user: UserKey, presence: Presence): void {
    const watch = this.#watches.get(user);
    if (watch !== undefined) watch.online ??= presence.online;
  }

  /**
   * A state that was published, or read again after publications may have been missed. True where
   * it is a change that the watchers have not been told: one event a real change (G8).
   */
  learn(user: UserKey, presence: Presence): boolean {
    const watch = this.#watches.get(user);
    if (watch === undefined || watch.online === presence.online) return false;
    watch.online = presence.online;
    return true;
  }

  users(): Iterable<UserKey> {
    return this.#watches.keys();
  }
}
