import type { Clock } from '../base/clock.js';
import { idOf, userKey, type UserKey } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import type { Departure, Directory } from '../cluster/directory.js';
import type { Interceptor } from '../rpc/method.js';
import type { Store } from '../store/store.js';
import type { Policy } from './access/policy.js';
import type { Chat, Forwarder, Hub } from './chat.js';

export interface ReadUpParts {
  readonly policy: Pick<Policy, 'readOnLogout' | 'readWhenIdleMs'>;
  readonly store: Pick<Store, 'rooms' | 'feeds'>;
  readonly forwarder: Pick<Forwarder, 'appended' | 'settled'>;
  readonly directory: Pick<Directory, 'query'>;
  readonly hub: Pick<Hub, 'sessions' | 'sessionsOf'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const pageSize = 500;
/** How often it is looked who has been idle. */
const lookMs = 60_000;

/**
 * Marks everything as read for users who left their desk, where the policy says so: what waits
 * for them when they come back is what came meanwhile.
 */
export class ReadUp {
  readonly #parts: ReadUpParts;
  /** Monotonic ms of each user's last call here; Infinity once all was marked. */
  readonly #activeAt = new Map<UserKey, number>();
  #cancel = (): void => undefined;
  #stopped = false;

  constructor(parts: ReadUpParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#stopped || this.#parts.policy.readWhenIdleMs === undefined) return;
    this.#cancel = this.#parts.clock.after(lookMs, () => {
      void this.look().finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Notes each call of a signed-in caller: a key stroke is reported by `message.typing`. */
  readonly interceptor: Interceptor<Chat> = (next) => {
    if (this.#parts.policy.readWhenIdleMs === undefined) return next;
    return (call, params) => {
      const { session } = call;
      if (session.canPush && session.identity !== undefined) {
        const { tenant, user } = session.identity;
        this.#activeAt.set(userKey(tenant, user), this.#parts.clock.monotonic());
      }
      return next(call, params);
    };
  };

  /** A session of the user has left; the last one to log out takes what is unread along. */
  left(user: UserKey, how: Departure): void {
    if (this.#parts.policy.readOnLogout !== true || how !== 'logout') return;
    this.#lastLeft(user).catch((error: unknown) => this.#failed(error, user));
  }

  /** Marks what those have unread who were idle for too long. */
  async look(): Promise<void> {
    const { policy: { readWhenIdleMs }, hub, clock } = this.#parts;
    if (readWhenIdleMs === undefined) return;
    const now = clock.monotonic();
    const here = new Set<UserKey>();
    for (const [, user] of hub.sessions()) here.add(user);
    for (const user of [...this.#activeAt.keys()]) {
      if (!here.has(user)) this.#activeAt.delete(user);
    }
    for (const user of here) {
      const activeAt = this.#activeAt.get(user);
      if (activeAt === undefined) this.#activeAt.set(user, now);
      else if (now - activeAt >= readWhenIdleMs) {
        await this.#idle(user).catch((error: unknown) => this.#failed(error, user));
      }
    }
  }

  async #lastLeft(user: UserKey): Promise<void> {
    const [presence] = await this.#parts.directory.query([user]);
    if (presence?.devices === 0) await this.#readAll(user);
  }

  async #idle(user: UserKey): Promise<void> {
    const { directory, hub } = this.#parts;
    const [presence] = await directory.query([user]);
    // Sessions on other nodes may be busy, which this one doesn't see.
    if (presence !== undefined && presence.devices > [...hub.sessionsOf(user)].length) return;
    await this.#readAll(user);
  }

  async #readAll(user: UserKey): Promise<void> {
    const { store: { rooms, feeds }, forwarder, clock } = this.#parts;
    await forwarder.settled(user);
    let page: string | undefined;
    do {
      const found = await feeds.rooms(user, {
        limit: pageSize, unreadOnly: true, ...(page === undefined ? {} : { page }),
      });
      page = found.page;
      const heads = await rooms.heads(found.rows.map(({ room }) => room));
      for (const [index, { room, count, read, large }] of found.rows.entries()) {
        const head = heads[index];
        if (head === undefined || (large ? head.count : count) <= read) continue;
        await rooms.read(room, idOf(user), head.seq, clock.now());
        forwarder.appended(room, user);
      }
    } while (page !== undefined);
  }

  #failed(error: unknown, user: UserKey): void {
    this.#parts.log.warn({ err: error, user: idOf(user) }, 'what is unread could not be marked');
  }
}
