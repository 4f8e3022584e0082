import type { UserKey } from '../base/ids.js';

/** Presence of one user as anyone who may see it sees it. */
export interface Presence {
  readonly online: boolean;
  /** Connections that are signed in, over all nodes. */
  readonly devices: number;
  /** When the last one ended, ms since 1970; absent while online or when never seen. */
  readonly lastSeen?: number;
}

/** Why a connection was not registered (trap 6: decided in the step that registers). */
export type ConnectRefusal = 'blocked' | 'inactive' | 'revoked' | 'tooMany';

export interface ConnectRequest {
  readonly user: UserKey;
  /** Session id. */
  readonly session: string;
  /** `iat` and `jti` of its token: compared with what was revoked in the same step. */
  readonly issuedAt: number;
  readonly tokenId?: string;
}

/** How a connection ended: a logout is told at once, a loss after the grace (G8). */
export type Departure = 'logout' | 'lost';

/**
 * Who is where: which nodes hold a user's connections, and who is online.
 *
 * Guarantee: registering and the checks against blocks and revocations are one atomic step; a
 * user is online while at least one live node holds a connection, or the grace of a lost one
 * runs; each real change is told once to each node that watches (G8).
 */
export interface Directory {
  /** Registers a connection of this node. Resolves to undefined, or why it was refused. */
  connect(request: ConnectRequest): Promise<ConnectRefusal | undefined>;
  /** Takes a connection back; idempotent. */
  disconnect(user: UserKey, session: string, how: Departure): Promise<void>;

  query(users: readonly UserKey[]): Promise<Presence[]>;

  /**
   * Has this node told of changes of these users, through {@link PresenceHandler}, from before
   * the answer was read: nothing falls between. Counted: as many unwatch as watch.
   */
  watch(users: readonly UserKey[]): Promise<Presence[]>;
  unwatch(users: readonly UserKey[]): Promise<void>;
}

/** Handed to the directory at its making. */
export type PresenceHandler = (user: UserKey, presence: Presence) => void;
