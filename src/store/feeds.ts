import type { RoomKey, UserKey } from '../base/ids.js';
import type { EntryKind } from './entry.js';

/** One thing to be taken into the feeds of some users: a log entry or a read move. */
export interface ForwardItem {
  readonly room: RoomKey;
  readonly epoch: string;
  /** Entry's seq; for a read move the room's head when it was made. */
  readonly seq: number;
  /** `read` is a moved read position: told to its user's feed, and as a receipt to the others. */
  readonly kind: EntryKind | 'read';
  /** Message ordinal of the entry (see LogEntry.count); for `read` the reader's new ordinal. */
  readonly count: number;
  readonly at: number;
  /** User id whose call made it; the reader, for `read`. */
  readonly by: string;
  /** For `read` its version, by which it is idempotent as entries are by seq; else 0. */
  readonly version: number;
  /** Membership entries name their user, so that feeds know when a room begins and ends. */
  readonly subject?: string;
  /** The event's name and params as JSON text, without cursor and key: encoded once. */
  readonly event: { readonly method: string; readonly params: string };
  /** The sender's key, told to its own sessions only. */
  readonly key?: string;
  readonly large: boolean;
  /**
   * Who takes it, with the seq at which each one's membership begins. For `read` the reader
   * stands first; the others are those that get a receipt.
   */
  readonly users: readonly { readonly user: UserKey; readonly since: number }[];
}

/** A place in one feed. */
export interface FeedEntry {
  /** 1, 2, 3 … in the order in which the feed took things in. */
  readonly n: number;
  readonly room: RoomKey;
  readonly epoch: string;
  readonly seq: number;
  readonly kind: EntryKind | 'read' | 'user';
  readonly at: number;
  readonly by: string;
  /** Kept whole where the log may be gone when it is read: ends of memberships and of rooms. */
  readonly event?: { readonly method: string; readonly params: string };
}

/** One user as a forwarding found it. */
export interface Taken {
  readonly user: UserKey;
  /** Feed position that the item took; 0 when it was there already. */
  readonly n: number;
}

/** What became of one item of a forwarding. */
export interface ForwardResult {
  /** Users whose feed lacks entries of this room before this one: forward from there first. */
  readonly behind: readonly { readonly user: UserKey; readonly next: number }[];
  /** Feed shards that could not be reached; their users' feeds were not touched. */
  readonly away: readonly string[];
}

/** A room in its member's list. */
export interface RoomRow {
  readonly room: RoomKey;
  /** Seq of the membership's first entry. */
  readonly since: number;
  /** Newest entry taken in; in a large room of the last known. */
  readonly seq: number;
  /** When the newest message or membership came, for the order of the list. */
  readonly lastAt: number;
  /** Seq of the newest message, 0 before the first. */
  readonly lastMessage: number;
  /** Ordinals, both growing only: unread is count − read, never below 0. */
  readonly count: number;
  readonly read: number;
  readonly large: boolean;
}

/** What a node is told about a user of its own: one item, for all of the user's sessions. */
export interface Delivery {
  /** `user` is an event of {@link FeedStore.tell}, which belongs to no room. */
  readonly item: Omit<ForwardItem, 'users' | 'kind'> & {
    readonly kind: ForwardItem['kind'] | 'user';
  };
  /** Feed position and the unread counters after it; one for each user on this node. */
  readonly users: readonly {
    readonly user: UserKey;
    /** The feed's epoch: after a failover the same `n` may name another entry (G6). */
    readonly epoch: string;
    readonly n: number;
    readonly unread: number;
    readonly total: number;
  }[];
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** Position of the newest entry. */
  readonly head: number;
  /** Lowest position that can be read on from: entries after it are all kept. */
  readonly floor: number;
  /** The feed's own epoch: positions of another one mean nothing here (G6). */
  readonly epoch: string;
}

/**
 * The feeds: for each user one order of all that happened in their rooms, and the list of those
 * rooms with what is unread.
 *
 * Guarantee: {@link forward} is atomic a user, idempotent by (room, seq), keeps each room's order,
 * and hands every item taken to the nodes that hold the user in the order of `n`. What was handed
 * on is durable: a cursor once told never means another place.
 */
export interface FeedStore {
  /**
   * Takes items into the feeds of their users, in order. A room's items reach a user's feed only
   * next in line: what is there already is skipped, what comes too early is reported as behind.
   * A membership's first entry may begin anywhere.
   */
  forward(items: readonly ForwardItem[]): Promise<ForwardResult[]>;

  /** Entries after a position, at most `limit`, with the feed's bounds. */
  read(user: UserKey, after: number, limit: number): Promise<FeedPage>;

  /**
   * Rooms of a user, the most recent first. `page` is what the page before answered.
   * `unreadOnly` leaves large rooms in, whose unread the feed does not know; `largeOnly` asks for
   * the rooms that a session must listen to outside its feed.
   */
  rooms(
    user: UserKey,
    options: { limit: number; page?: string; unreadOnly?: boolean; largeOnly?: boolean },
  ): Promise<{ rows: RoomRow[]; page?: string }>;
  /** Rows of the rooms named; undefined for those that the user is not in. */
  rows(user: UserKey, rooms: readonly RoomKey[]): Promise<(RoomRow | undefined)[]>;
  /** Unread over all of the user's small rooms. */
  total(user: UserKey): Promise<number>;

  /** Puts an event that belongs to no room into feeds (profile changes). */
  tell(
    users: readonly UserKey[], event: { method: string; params: string }, at: number,
  ): Promise<void>;
}

/** Handed to the feed store at its making: what it calls with what is to be delivered here. */
export type DeliveryHandler = (deliveries: readonly Delivery[]) => void;
