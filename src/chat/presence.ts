import { idOf, type UserKey } from '../base/ids.js';
import type { Clock } from '../base/clock.js';
import type { Directory, Presence } from '../cluster/directory.js';
import { code, RpcError } from '../rpc/errors.js';
import type { Session } from '../rpc/session.js';
import type { Presences, PresenceTable } from './chat.js';

export interface PresenceWatchOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  /** Watched users a session; 0 for none. */
  readonly maxPerSession: number;
  /** Told of an unwatch that failed: the node hears more than it needs until it restarts. */
  readonly failed: (error: unknown) => void;
}

/** What is seen of someone never seen, and of someone whom the caller may not see (G11). */
const neverSeen: Presence = Object.freeze({ online: false, devices: 0 });

/** Changes that came while the answer to a subscribing call was not out. */
type Held = Map<UserKey, Presence>;

interface Watcher {
  readonly users: Set<UserKey>;
  /** One for each subscribing call under way. */
  readonly held: Set<Held>;
}

/**
 * Which session watches whom. Each session's watches are counted in the directory; a change
 * reaches a session after the answer that it changes, once a real change (G8).
 */
export class PresenceWatches implements Presences {
  readonly #options: PresenceWatchOptions;
  readonly #watchers = new Map<Session, Watcher>();
  readonly #byUser = new Map<UserKey, Set<Session>>();

  constructor(options: PresenceWatchOptions) {
    this.#options = options;
  }

  /** Watches in force over all sessions, for server.stats. */
  get size(): number {
    let size = 0;
    for (const watcher of this.#watchers.values()) size += watcher.users.size;
    return size;
  }

  /** @param maySee users whom the caller may not see look as if they had never been seen */
  async query(
    users: readonly UserKey[], maySee: (user: UserKey) => boolean,
  ): Promise<PresenceTable> {
    const seen = users.filter(maySee);
    return table(users, pairs(seen, await this.#options.directory.query(seen)));
  }

  /**
   * @param afterAnswer runs something once the answer of the call is out
   * @throws RpcError -32006 where the session would watch more than it may; it then watches what
   *   it did before
   */
  async subscribe(
    session: Session, users: readonly UserKey[], maySee: (user: UserKey) => boolean,
    afterAnswer: (run: () => void) => void,
  ): Promise<PresenceTable> {
    const watcher = this.#watcher(session);
    const seen = [...new Set(users.filter(maySee))];
    const added = seen.filter((user) => !watcher.users.has(user));
    this.#checkBound(watcher, users);
    const held: Held = new Map();
    watcher.held.add(held);
    for (const user of added) this.#add(session, watcher, user);
    const told = await this.#watch(seen, added).catch((error: unknown) => {
      for (const user of added) this.#remove(session, watcher, user);
      this.#release(session, watcher, held, new Map());
      throw error;
    });
    if (this.#watchers.get(session) !== watcher) {
      this.#unwatch(added);
      throw new RpcError(code.cancelled, 'session_ended');
    }
    afterAnswer(() => this.#release(session, watcher, held, told));
    return table(users, told);
  }

  unsubscribe(session: Session, users: readonly UserKey[]): void {
    const watcher = this.#watchers.get(session);
    if (watcher === undefined) return;
    const removed = users.filter((user) => this.#remove(session, watcher, user));
    this.#unwatch(removed);
  }

  /** The session ended or logged out: so do its watches. */
  end(session: Session): void {
    const watcher = this.#watchers.get(session);
    if (watcher === undefined) return;
    const users = [...watcher.users];
    for (const user of users) this.#remove(session, watcher, user);
    this.#watchers.delete(session);
    this.#unwatch(users);
  }

  /** A real change, from the directory: told to whoever watches, encoded once. */
  changed(user: UserKey, presence: Presence): void {
    const sessions = this.#byUser.get(user);
    if (sessions === undefined) return;
    const params = this.#params(user, presence);
    for (const session of sessions) {
      const watcher = this.#watchers.get(session);
      if (watcher === undefined) continue;
      if (watcher.held.size === 0) session.notify('presence.changed', params);
      else for (const held of watcher.held) held.set(user, presence);
    }
  }

  /** Registers those added, and reads all: what changes after the reading is told. */
  async #watch(
    seen: readonly UserKey[], added: readonly UserKey[],
  ): Promise<Map<UserKey, Presence>> {
    const { directory } = this.#options;
    const told = pairs(added, added.length === 0 ? [] : await directory.watch(added));
    const rest = seen.filter((user) => !told.has(user));
    if (rest.length === 0) return told;
    try {
      for (const [user, presence] of pairs(rest, await directory.query(rest))) {
        told.set(user, presence);
      }
      return told;
    } catch (error) {
      this.#unwatch(added);
      throw error;
    }
  }

  #release(
    session: Session, watcher: Watcher, held: Held, told: ReadonlyMap<UserKey, Presence>,
  ): void {
    watcher.held.delete(held);
    for (const [user, presence] of held) {
      const answered = told.get(user);
      if (!watcher.users.has(user) || answered?.online === presence.online) continue;
      // Another subscribing call under way goes on holding it.
      const other = [...watcher.held].find((h) => h.has(user));
      if (other === undefined) session.notify('presence.changed', this.#params(user, presence));
    }
  }

  #params(user: UserKey, presence: Presence): string {
    const { online, lastSeen } = presence;
    return JSON.stringify({ at: this.#options.clock.now(), user: idOf(user), online, lastSeen });
  }

  #checkBound(watcher: Watcher, users: readonly UserKey[]): void {
    const { maxPerSession } = this.#options;
    if (maxPerSession === 0) return;
    // Whom the caller may not see counts too, or the bound would tell them apart (G11).
    let size = watcher.users.size;
    for (const user of new Set(users)) if (!watcher.users.has(user)) size++;
    if (size <= maxPerSession) return;
    throw new RpcError(code.tooManySubscriptions, 'too_many_presence_subscriptions',
      { limit: 'maxPresenceSubscriptions' });
  }

  #watcher(session: Session): Watcher {
    let watcher = this.#watchers.get(session);
    if (watcher === undefined) {
      watcher = { users: new Set(), held: new Set() };
      this.#watchers.set(session, watcher);
    }
    return watcher;
  }

  #add(session: Session, watcher: Watcher, user: UserKey): void {
    watcher.users.add(user);
    const sessions = this.#byUser.get(user);
    if (sessions === undefined) this.#byUser.set(user, new Set([session]));
    else sessions.add(session);
  }

  #remove(session: Session, watcher: Watcher, user: UserKey): boolean {
    if (!watcher.users.delete(user)) return false;
    const sessions = this.#byUser.get(user);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(user);
    return true;
  }

  #unwatch(users: readonly UserKey[]): void {
    if (users.length === 0) return;
    this.#options.directory.unwatch(users).catch(this.#options.failed);
  }
}

const pairs = (users: readonly UserKey[], states: readonly Presence[]): Map<UserKey, Presence> =>
  new Map(users.map((user, i) => [user, states[i] ?? neverSeen]));

/** `fromEntries`, since a user may be called __proto__: data like any other. */
const table = (
  users: readonly UserKey[], states: ReadonlyMap<UserKey, Presence>,
): PresenceTable =>
  Object.fromEntries(users.map((user) => [idOf(user), states.get(user) ?? neverSeen]));
