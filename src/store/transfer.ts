import type { LogEntry, RoomHead } from './entry.js';
import type { FeedEntry, RoomRow } from './feeds.js';
import type { Forwarded, Member, ReadPosition } from './rooms.js';
import type { Profile } from './users.js';

/** Begins all that belongs to one room: the records up to the next {@link UnitRecord}. */
export interface RoomRecord {
  readonly type: 'room';
  readonly tenant: string;
  readonly head: RoomHead;
  /** The head's seq and reads where nothing is left to deliver. */
  readonly forwarded: Forwarded;
}

/** Begins all that belongs to one user. */
export interface UserRecord {
  readonly type: 'user';
  readonly tenant: string;
  readonly user: string;
  readonly profile?: Profile;
  /** Absent where nothing came and nobody asked yet. */
  readonly feed?: { readonly epoch: string; readonly n: number; readonly floor: number };
}

/** A token that was revoked before it expires; stands alone. */
export interface TokenRecord {
  readonly type: 'token';
  readonly tenant: string;
  readonly tokenId: string;
  /** When it expires, ms since 1970. */
  readonly until: number;
}

/** One row of a table; stands alone. */
export interface TableRowRecord {
  readonly type: 'tableRow';
  readonly table: string;
  readonly key: string;
  readonly value: string;
}

export type UnitRecord = RoomRecord | UserRecord | TokenRecord | TableRowRecord;

/** A row of a room list as feeds keep it, the ended ones too: by them nothing is taken twice. */
export type KeptRow = Omit<RoomRow, 'room'> & {
  readonly room: string;
  readonly epoch: string;
  /** Version of the last read move that was taken. */
  readonly reads: number;
  readonly ended: boolean;
};

export type PartRecord =
  | {
    readonly type: 'entry';
    readonly entry: LogEntry;
    /** Of a message its newest edit's seq, of an edit the seq of the one before. */
    readonly chain?: number;
    /** Digest of the call whose answer this entry is, while its key is remembered (G3). */
    readonly digest?: string;
  }
  | { readonly type: 'member'; readonly member: Member }
  /** A membership that ended and may still have something to be delivered (trap 2). */
  | { readonly type: 'ended'; readonly member: Member; readonly until: number }
  | { readonly type: 'position'; readonly position: ReadPosition }
  | {
    readonly type: 'feedEntry';
    readonly entry: Omit<FeedEntry, 'room'> & { readonly room: string };
  }
  | { readonly type: 'row'; readonly row: KeptRow };

export type TransferRecord = UnitRecord | PartRecord;

export interface TransferSize {
  readonly rooms: number;
  readonly users: number;
  /** Log entries and feed entries. */
  readonly entries: number;
}

/** What keys are still remembered: `now` and the window in ms, 0 for ever. */
export interface KeyWindow {
  readonly nowMs: number;
  readonly keyWindowMs: number;
}

/** Whether the key of a call that was answered at this time is still remembered (G3). */
export const inWindow = (at: number, { nowMs, keyWindowMs }: KeyWindow): boolean =>
  keyWindowMs === 0 || at + keyWindowMs > nowMs;

/**
 * All that a store keeps, as records that mean the same in every store. The log of revocations
 * is left out: it wakes running nodes, and what it did stands in profiles and tokens.
 */
export interface TransferSource {
  size(): Promise<TransferSize>;
  /**
   * Rooms, then users, tokens and rows of tables, each in the order of their keys' bytes; parts in
   * the order of {@link PartRecord}, then of their numbers or ids. The same data gives the same
   * records, whichever store holds it.
   */
  records(): AsyncIterable<TransferRecord>;
}

/** Says that a room or user is there already and is another. */
export class TransferConflict extends Error {
  override readonly name = 'TransferConflict';
}

/**
 * Takes records in with every seq, epoch, position and key as it was. A unit's own record is
 * written last: until then the unit is not there, and is written anew after a kill.
 */
export interface TransferTarget {
  /** Units that may be written at the same time. */
  readonly concurrency: number;
  /**
   * @returns false where the same unit is there already: it was copied before
   * @throws TransferConflict where another one stands under its name
   */
  begin(unit: UnitRecord): Promise<boolean>;
  add(unit: UnitRecord, parts: readonly PartRecord[]): Promise<void>;
  end(unit: UnitRecord): Promise<void>;
  /** Resolves when all that was ended is durable. */
  flush(): Promise<void>;
}

/** What a transfer has its opener close. */
export interface Transfer extends TransferSource, TransferTarget {
  close(): Promise<void>;
}

/** The name of a unit for people: `room tenant/id`. */
export function nameOf(unit: UnitRecord): string {
  if (unit.type === 'tableRow') return `row ${unit.key} of ${unit.table}`;
  const id = unit.type === 'room' ? unit.head.room : unit.type === 'user' ? unit.user
    : unit.tokenId;
  return `${unit.type} ${unit.tenant}/${id}`;
}
