import type { Clock } from './base/clock.js';
import type { IdSource, UserKey } from './base/ids.js';
import type { Limits } from './base/limits.js';
import type { Logger } from './base/log.js';
import type { Metrics } from './base/metrics.js';
import type { Bus, BusHandler } from './cluster/bus.js';
import type { ConnectRefusal, Directory, PresenceHandler } from './cluster/directory.js';
import type { Membership, MembershipHandler } from './cluster/membership.js';
import type { DeliveryHandler } from './store/feeds.js';
import type { Store } from './store/store.js';

/** What every backend is made with. */
export interface BackendParts {
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** This node's id. */
  readonly node: string;
  /** Where clients reach this node; known once it listens. */
  readonly url: () => string;
  /** What the backend calls with what is for this node. */
  readonly handlers: BackendHandlers;
}

export interface BackendHandlers {
  readonly delivery: DeliveryHandler;
  readonly presence: PresenceHandler;
  readonly bus: BusHandler;
  readonly membership: MembershipHandler;
  /** A session of this node that a shard refuses to take back on its return: close it. */
  readonly refused: (user: UserKey, session: string, why: ConnectRefusal) => void;
  /** A shard came back: drive what is open there. */
  readonly returned: (shard: string) => void;
}

/**
 * What a server stands on: one process with the embedded store, or a ring of shards. Everything
 * above is the same code.
 */
export interface Backend {
  readonly store: Store;
  readonly directory: Directory;
  readonly bus: Bus;
  readonly membership: Membership;
  /** A user of each shard that nobody can be: shows whether writes pass. */
  canaries(): readonly { readonly shard: string; readonly user: UserKey }[];
  /** Finishes what was begun, hands over, closes. The store is closed with it. */
  close(): Promise<void>;
}

/** Opens a backend; which one is the composition's choice. */
export type OpenBackend = (parts: BackendParts) => Promise<Backend>;
