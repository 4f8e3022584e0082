import type { Clock } from '../base/clock.js';
import type { RoomKey, UserKey } from '../base/ids.js';
import type { Session } from '../rpc/session.js';
import type { FeedSink } from './feed-sink.js';
import type { RoomWatch } from './room-watch.js';

const none: ReadonlyMap<string, RoomWatch> = new Map();

/** One signed-in session. An idle one holds no maps of its own (performance.md). */
export class HubSession {
  readonly session: Session;
  readonly user: UserKey;
  readonly feeds: FeedSink[] = [];
  #watches: Map<string, RoomWatch> | undefined;

  constructor(session: Session, user: UserKey) {
    this.session = session;
    this.user = user;
  }

  get watches(): ReadonlyMap<string, RoomWatch> {
    return this.#watches ?? none;
  }

  watch(room: RoomKey, subscription: string | undefined): RoomWatch | undefined {
    return this.#watches?.get(nameOf(room, subscription));
  }

  remember(watch: RoomWatch): RoomWatch {
    (this.#watches ??= new Map()).set(nameOf(watch.room, watch.out.subscription), watch);
    return watch;
  }

  forget(watch: RoomWatch): void {
    const name = nameOf(watch.room, watch.out.subscription);
    if (this.#watches?.get(name) === watch) this.#watches.delete(name);
  }
}

const nameOf = (room: RoomKey, subscription: string | undefined): string =>
  `${room}\0${subscription ?? ''}`;

/** The sessions of this node by user, and who waits for something to happen to one. */
export class HubUsers {
  readonly #bySession = new Map<Session, HubSession>();
  readonly #byUser = new Map<UserKey, HubSession[]>();
  readonly #waiting = new Map<UserKey, Set<() => void>>();
  #ending = false;

  get connections(): number {
    return this.#bySession.size;
  }

  /** Users with at least one session. */
  get size(): number {
    return this.#byUser.size;
  }

  get(session: Session): HubSession | undefined {
    return this.#bySession.get(session);
  }

  of(user: UserKey): readonly HubSession[] {
    return this.#byUser.get(user) ?? [];
  }

  all(): Iterable<HubSession> {
    return this.#bySession.values();
  }

  add(attached: HubSession): void {
    this.#bySession.set(attached.session, attached);
    this.#byUser.set(attached.user, [...this.of(attached.user), attached]);
  }

  remove(session: Session): HubSession | undefined {
    const attached = this.#bySession.get(session);
    if (attached === undefined) return undefined;
    this.#bySession.delete(session);
    const left = this.of(attached.user).filter((other) => other !== attached);
    if (left.length > 0) this.#byUser.set(attached.user, left);
    else this.#byUser.delete(attached.user);
    return attached;
  }

  /** Runs what waits for this user. */
  wake(user: UserKey): void {
    const waiting = this.#waiting.get(user);
    if (waiting === undefined) return;
    this.#waiting.delete(user);
    for (const run of waiting) run();
  }

  stir(user: UserKey, maxMs: number, signal: AbortSignal, clock: Clock): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal.aborted || this.#ending) {
        resolve(!this.#ending);
        return;
      }
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        const waiting = this.#waiting.get(user);
        waiting?.delete(done);
        if (waiting?.size === 0) this.#waiting.delete(user);
        resolve(!this.#ending);
      };
      const cancel = clock.after(maxMs, done);
      signal.addEventListener('abort', done);
      const waiting = this.#waiting.get(user);
      if (waiting === undefined) this.#waiting.set(user, new Set([done]));
      else waiting.add(done);
    });
  }

  /** Ends all waiting, now and from now on. */
  endPolls(): void {
    this.#ending = true;
    for (const waiting of [...this.#waiting.values()]) for (const done of [...waiting]) done();
  }
}
