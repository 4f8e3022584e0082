/** What kind of room: `direct` is the one dialog of two users, made by room.direct. */
export type RoomKind = 'group' | 'channel' | 'direct';

/** How much a room keeps; both bounds apply, an absent one does not. */
export interface Retention {
  readonly maxMessages?: number;
  readonly maxAgeMs?: number;
}

/** What every entry of a room's log has. `seq` has no gap within an epoch (G2). */
interface EntryBase {
  readonly seq: number;
  /** Milliseconds since 1970, given by the node that took the call; never falls within a room. */
  readonly at: number;
  /** User id (without tenant) whose call made the entry. */
  readonly by: string;
  /**
   * Messages of the room up to this entry, itself included: the message's ordinal. Unread is a
   * difference of two of these, so that it can't drift (architecture.md, trap 8).
   */
  readonly count: number;
  /** The key that the call came under; shown to its sender only. */
  readonly key?: string;
}

export interface CreateEntry extends EntryBase {
  readonly kind: 'create';
  readonly room: RoomKind;
  readonly title?: string;
  /** First members, the owner among them. */
  readonly members: readonly string[];
  readonly history?: Retention;
}

/** A message, in its final state when read from the log: edits and deletions change it in place. */
export interface MessageEntry extends EntryBase {
  readonly kind: 'message';
  /** Exactly one of text and body, none once deleted. */
  readonly text?: string;
  readonly body?: unknown;
  readonly replyTo?: number;
  readonly editedAt?: number;
  readonly deleted?: true;
}

export interface EditEntry extends EntryBase {
  readonly kind: 'edit';
  readonly target: number;
  /** Gone once the target was deleted. */
  readonly text?: string;
}

export interface DeleteEntry extends EntryBase {
  readonly kind: 'delete';
  readonly target: number;
}

export interface AddEntry extends EntryBase {
  readonly kind: 'add';
  readonly user: string;
}

export interface RemoveEntry extends EntryBase {
  readonly kind: 'remove';
  readonly user: string;
}

export interface TitleEntry extends EntryBase {
  readonly kind: 'title';
  readonly title?: string;
}

/** The room has more members than feedFanoutLimit from here on; it never becomes small again. */
export interface LargeEntry extends EntryBase {
  readonly kind: 'large';
}

/** The last entry of a deleted room; the room is purged once it was forwarded (trap 12). */
export interface PurgeEntry extends EntryBase {
  readonly kind: 'purge';
}

export type LogEntry =
  | CreateEntry | MessageEntry | EditEntry | DeleteEntry
  | AddEntry | RemoveEntry | TitleEntry | LargeEntry | PurgeEntry;

export type EntryKind = LogEntry['kind'];

/** A room as its own shard knows it. */
export interface RoomHead {
  readonly room: string;
  readonly kind: RoomKind;
  readonly title?: string;
  readonly owner: string;
  readonly createdAt: number;
  readonly history?: Retention;
  readonly members: number;
  readonly large: boolean;
  /** True from the purge entry until the room is gone. */
  readonly purged: boolean;
  readonly epoch: string;
  /** The last entry's seq. */
  readonly seq: number;
  /** The lowest seq still kept; seq + 1 when nothing is. */
  readonly first: number;
  /** Messages ever written: the ordinal of the newest. */
  readonly count: number;
  /** Seq of the last entry that changed who may do what: creation, membership, title, size. */
  readonly version: number;
  /** Counts moves of read positions, so that they can be forwarded like entries (trap 9). */
  readonly reads: number;
  readonly lastAt: number;
}
