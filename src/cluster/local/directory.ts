import type { Clock } from '../../base/clock.js';
import type { UserKey } from '../../base/ids.js';
import type {
  ConnectRefusal, ConnectRequest, Departure, Directory, Presence, PresenceHandler,
} from '../directory.js';

/** What the directory needs to know of a user: the store's profile has it. */
export interface DirectoryProfile {
  readonly active: boolean;
  readonly blocked: boolean;
  /** Milliseconds since 1970; 0 when never revoked. */
  readonly revokedBefore: number;
  /** Milliseconds since 1970; 0 when never seen. */
  readonly lastSeen: number;
}

/** Where the directory reads what decides a registration, and leaves when a user was last seen. */
export interface DirectoryUsers {
  many(users: readonly UserKey[]): Promise<(DirectoryProfile | undefined)[]>;
  tokenRevoked(user: UserKey, tokenId: string): Promise<boolean>;
  /** Remembers when the last connection of a user ended, in milliseconds since 1970. */
  seen(user: UserKey, at: number): Promise<void>;
}

export interface LocalDirectoryOptions {
  readonly users: DirectoryUsers;
  readonly clock: Clock;
  /** Time a lost connection has to come back before offline is told. */
  readonly graceMs: number;
  /** 0 for none. */
  readonly maxConnectionsPerUser: number;
  /** Called in the turn of the change, once a real change of a watched user. */
  readonly changed: PresenceHandler;
  /** Told of a `seen` that failed: presence goes on without it. */
  readonly failed: (error: unknown) => void;
}

/** One user with connections, or with the grace of a lost one running. */
interface Place {
  readonly sessions: Set<string>;
  /** Sessions whose checks are not through: they count for the bound, and not as online. */
  entering: number;
  endGrace: (() => void) | undefined;
  /** When the last connection was lost; what lastSeen will say. */
  lostAt: number;
}

/**
 * The directory of a node that stands alone. A place is taken before the checks are read, so that
 * a block either is read here or finds the session (trap 6).
 */
export class LocalDirectory implements Directory {
  readonly #options: LocalDirectoryOptions;
  readonly #places = new Map<UserKey, Place>();
  readonly #watched = new Map<UserKey, number>();
  /** Last seen of those whose writing is under way. */
  readonly #lastSeen = new Map<UserKey, number>();
  readonly #writes = new Set<Promise<void>>();

  constructor(options: LocalDirectoryOptions) {
    this.#options = options;
  }

  async connect(request: ConnectRequest): Promise<ConnectRefusal | undefined> {
    const { user, session } = request;
    const place = this.#place(user);
    if (place.sessions.has(session)) return undefined;
    const bound = this.#options.maxConnectionsPerUser;
    if (bound > 0 && place.sessions.size + place.entering >= bound) {
      this.#tidy(user, place);
      return 'tooMany';
    }
    place.entering++;
    try {
      const refusal = await this.#refusal(request);
      if (refusal !== undefined) return refusal;
      const wasOnline = online(place);
      place.endGrace?.();
      place.endGrace = undefined;
      place.sessions.add(session);
      if (!wasOnline) this.#tell(user, { online: true, devices: 1 });
      return undefined;
    } finally {
      place.entering--;
      this.#tidy(user, place);
    }
  }

  disconnect(user: UserKey, session: string, how: Departure): Promise<void> {
    const place = this.#places.get(user);
    if (place === undefined || !place.sessions.delete(session)) return Promise.resolve();
    if (place.sessions.size > 0) return Promise.resolve();
    const { clock, graceMs } = this.#options;
    place.lostAt = clock.now();
    if (how === 'logout' || graceMs === 0) this.#offline(user, place);
    else place.endGrace = clock.after(graceMs, () => this.#offline(user, place));
    return Promise.resolve();
  }

  async query(users: readonly UserKey[]): Promise<Presence[]> {
    const away = users.filter((user) => !online(this.#places.get(user)));
    const profiles = away.length === 0 ? [] : await this.#options.users.many(away);
    const seen = new Map(away.map((user, i) => [user, profiles[i]?.lastSeen ?? 0]));
    return users.map((user) => this.#presence(user, seen.get(user) ?? 0));
  }

  watch(users: readonly UserKey[]): Promise<Presence[]> {
    for (const user of users) this.#watched.set(user, (this.#watched.get(user) ?? 0) + 1);
    return this.query(users).catch((error: unknown) => {
      this.#unwatch(users);
      throw error;
    });
  }

  unwatch(users: readonly UserKey[]): Promise<void> {
    this.#unwatch(users);
    return Promise.resolve();
  }

  /** Ends the graces that run, and waits until every last-seen time is written. */
  async close(): Promise<void> {
    for (const [user, place] of this.#places) {
      if (place.endGrace !== undefined) this.#offline(user, place);
    }
    await Promise.all(this.#writes);
  }

  async #refusal(request: ConnectRequest): Promise<ConnectRefusal | undefined> {
    const { users } = this.#options;
    const [[profile], tokenRevoked] = await Promise.all([
      users.many([request.user]),
      request.tokenId !== undefined && users.tokenRevoked(request.user, request.tokenId),
    ]);
    if (tokenRevoked) return 'revoked';
    if (profile === undefined) return undefined;
    if (profile.blocked) return 'blocked';
    if (!profile.active) return 'inactive';
    return request.issuedAt < profile.revokedBefore ? 'revoked' : undefined;
  }

  #presence(user: UserKey, stored: number): Presence {
    const place = this.#places.get(user);
    if (online(place)) return { online: true, devices: place?.sessions.size ?? 0 };
    const lastSeen = this.#lastSeen.get(user) ?? stored;
    return { online: false, devices: 0, ...(lastSeen > 0 && { lastSeen }) };
  }

  #offline(user: UserKey, place: Place): void {
    place.endGrace?.();
    place.endGrace = undefined;
    const lastSeen = place.lostAt;
    this.#lastSeen.set(user, lastSeen);
    const write = this.#options.users.seen(user, lastSeen)
      .catch(this.#options.failed)
      .finally(() => {
        this.#writes.delete(write);
        if (this.#lastSeen.get(user) === lastSeen) this.#lastSeen.delete(user);
      });
    this.#writes.add(write);
    this.#tidy(user, place);
    this.#tell(user, { online: false, devices: 0, lastSeen });
  }

  #tell(user: UserKey, presence: Presence): void {
    if (this.#watched.has(user)) this.#options.changed(user, presence);
  }

  #unwatch(users: readonly UserKey[]): void {
    for (const user of users) {
      const count = this.#watched.get(user) ?? 0;
      if (count > 1) this.#watched.set(user, count - 1);
      else this.#watched.delete(user);
    }
  }

  #place(user: UserKey): Place {
    let place = this.#places.get(user);
    if (place === undefined) {
      place = { sessions: new Set(), entering: 0, endGrace: undefined, lostAt: 0 };
      this.#places.set(user, place);
    }
    return place;
  }

  /** Memory holds those only who are here, coming, or in their grace. */
  #tidy(user: UserKey, place: Place): void {
    if (place.entering === 0 && !online(place)) this.#places.delete(user);
  }
}

const online = (place: Place | undefined): boolean =>
  place !== undefined && (place.sessions.size > 0 || place.endGrace !== undefined);

