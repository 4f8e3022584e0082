import { CallError } from './errors.js';
import type { FeedTracker } from './feed.js';
import { isRecord } from './json.js';
import type { Link } from './link.js';

/** Users in one `presence.subscribe`. */
const usersPerCall = 1_000;

type Params = Readonly<Record<string, unknown>>;

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/**
 * What the application watches, put back after a reconnect, since watches end with a session. A
 * presence that changed meanwhile is told as the `presence.changed` that was missed.
 */
export class Watches {
  readonly #online = new Map<string, boolean | undefined>();
  readonly #channels = new Set<string>();
  readonly #tracker: FeedTracker;
  readonly #changed: (params: Params) => void;

  /** @param changed takes the params of a `presence.changed` that no server sent */
  constructor(tracker: FeedTracker, changed: (params: Params) => void) {
    this.#tracker = tracker;
    this.#changed = changed;
  }

  /** A call of the application was answered: told before any event that came after it. */
  answered(method: string, params: object, result: unknown): void {
    const { users, room } = params as Params;
    switch (method) {
      case 'presence.subscribe':
        for (const user of strings(users)) this.#online.set(user, undefined);
        this.#states(result, () => undefined);
        return;
      case 'presence.unsubscribe':
        for (const user of strings(users)) this.#online.delete(user);
        return;
      case 'room.subscribe':
        if (typeof room !== 'string') return;
        this.#channels.add(room);
        this.#follow(room, result);
        return;
      case 'room.unsubscribe':
        if (typeof room !== 'string') return;
        this.#channels.delete(room);
        this.#tracker.forget(room);
        return;
      case 'session.logout':
        this.clear();
    }
  }

  /** Notes a presence that the server told. */
  event(params: Params): void {
    const { user, online } = params;
    if (typeof user === 'string' && typeof online === 'boolean' && this.#online.has(user)) {
      this.#online.set(user, online);
    }
  }

  clear(): void {
    this.#online.clear();
    this.#channels.clear();
  }

  /** Puts every watch back on a new link; plain POST has none. */
  async restore(link: Link, signal: AbortSignal): Promise<void> {
    if (link.kind === 'poll') return;
    const users = [...this.#online.keys()];
    for (let from = 0; from < users.length; from += usersPerCall) {
      const part = users.slice(from, from + usersPerCall);
      const arrived = (result: unknown): void => this.#states(result, this.#changed);
      await link.request('presence.subscribe', { users: part }, { signal, arrived });
    }
    for (const room of this.#channels) {
      const since = this.#tracker.rooms[room];
      try {
        const again = { room, ...(since === undefined ? {} : { since }) };
        const arrived = (result: unknown): void => this.#follow(room, result);
        await link.request('room.subscribe', again, { signal, arrived });
      } catch (fault) {
        // A channel that was deleted or closed to the caller meanwhile is watched no longer.
        if (!(fault instanceof CallError)) throw fault;
        this.#channels.delete(room);
        this.#tracker.forget(room);
      }
    }
  }

  #follow(room: string, answer: unknown): void {
    if (!isRecord(answer)) return;
    const { seq, epoch, recovered } = answer;
    if (typeof seq !== 'number' || typeof epoch !== 'string') return;
    const known = this.#tracker.rooms[room];
    if (known === undefined || recovered === false) this.#tracker.follow(room, { seq, epoch });
  }

  #states(result: unknown, changed: (params: Params) => void): void {
    const users = isRecord(result) ? result['users'] : undefined;
    for (const [user, state] of Object.entries(isRecord(users) ? users : {})) {
      if (!isRecord(state) || typeof state['online'] !== 'boolean') continue;
      const before = this.#online.get(user);
      const { online, lastSeen } = state;
      this.#online.set(user, online);
      if (before !== undefined && before !== online) {
        changed({ user, online, at: Date.now(), ...(lastSeen === undefined ? {} : { lastSeen }) });
      }
    }
  }
}
