import type { Clock } from '../base/clock.js';
import type { UserKey } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import type { Departure, Directory } from '../cluster/directory.js';
import type { RpcError } from '../rpc/errors.js';
import type { Identity } from '../rpc/identity.js';
import type { Session } from '../rpc/session.js';
import type { UserStore } from '../store/users.js';
import type { Hub } from './chat.js';

export interface PeopleOptions {
  readonly users: UserStore;
  readonly directory: Directory;
  readonly hub: Pick<Hub, 'attach' | 'detach' | 'sessionsOf' | 'sessions'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the presence watches of a session that left. */
  readonly endWatches: (session: Session) => void;
  /** Whether the role of a first token is kept: for policies in which others need it. */
  readonly remembersRoles?: boolean;
  /** Told when a session of the user has left the directory. */
  readonly left?: (user: UserKey, how: Departure) => void;
}

/** A session that is signed in, or on the way to it. */
export interface SignedIn {
  readonly session: Session;
  readonly user: UserKey;
  /** As the token said: what is admitted changes with the profile. */
  token: Identity;
  /** Monotonic ms. */
  readonly since: number;
  /** Set where a revocation came while the session was signing in. */
  refused: RpcError | undefined;
}
