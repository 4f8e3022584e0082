import type { FeedStore } from './feeds.js';
import type { RoomStore } from './rooms.js';
import type { Tables } from './tables.js';
import type { UserStore } from './users.js';

/** Which promise of durability is really in force, read from the store itself (G1). */
export interface Durability {
  /** `fsync`: survives power loss. `process`: survives a kill of any process. `memory`: nothing. */
  readonly level: 'fsync' | 'replicated' | 'process' | 'memory';
  /** For people: how, and what could be lost. */
  readonly detail: string;
  readonly warnings: readonly string[];
}

/** Whether writing is possible, and if not why. */
export interface StoreHealth {
  readonly writable: boolean;
  /** snake_case: storage_full, commit_failed, shard_unreachable. */
  readonly reason?: string;
}

/** All that is kept, as the composition root hands it to the chat. */
export interface Store {
  readonly rooms: RoomStore;
  readonly feeds: FeedStore;
  readonly users: UserStore;
  readonly tables: Tables;
  durability(): Promise<Durability>;
  health(): StoreHealth;
  /** Finishes what was begun, then closes. */
  close(): Promise<void>;
}
