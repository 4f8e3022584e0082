import type { RoomKey, UserKey } from '../base/ids.js';
import type { LogEntry, MessageEntry, Retention, RoomHead, RoomKind } from './entry.js';

/** The call that an operation came with, for "the same key again is the same call" (G3). */
export interface CallKey {
  /** As the caller gave it, or made by the server; it belongs to `by` and the room. */
  readonly key: string;
  /** A digest of method and params: the same key with another digest is a conflict. */
  readonly digest: string;
  /** Whether the caller gave it: only then is it kept in the entry and shown to its sender. */
  readonly given: boolean;
}

interface OpBase {
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly call: CallKey;
  /**
   * `RoomHead.version` that the access rules decided on; the room not being there is 0. Where it
   * has changed meanwhile nothing is done and the answer is `stale`: decide again.
   */
  readonly expect: number;
}

export type AppendOp = OpBase & (
  | {
    readonly kind: 'create';
    readonly room: RoomKind;
    readonly title?: string;
    readonly members: readonly string[];
    readonly history?: Retention;
  }
  | {
    readonly kind: 'message';
    readonly text?: string;
    readonly body?: unknown;
    readonly replyTo?: number;
  }
  | { readonly kind: 'edit'; readonly target: number; readonly text: string }
  | { readonly kind: 'delete'; readonly target: number }
  /** One entry for each user who is no member yet; `large` follows where the limit is crossed. */
  | { readonly kind: 'add'; readonly users: readonly string[] }
  | { readonly kind: 'remove'; readonly user: string }
  | { readonly kind: 'title'; readonly title?: string }
  | { readonly kind: 'purge' }
);

/**
 * What became of one operation.
 * - `ok`: durable; `entries` are what it wrote (empty when it changed nothing, such as adding a
 *   member again; then seq is the head's).
 * - `duplicate`: the key was used for the same call before; the first answer again.
 * - `stale`: version differs from `expect`, and nothing was done for this and all later
 *   operations of the same append, so that none overtakes another. Keys are looked up before
 *   `expect` is compared: a call that was done stays done, whatever became of the room since.
 * - `conflict`: the key was used for another call.
 * - `exists`: create, and the room is there (under another key).
 * - `missing`: the room, or the target, is not there (or is no message, or was deleted).
 * - `full`: the room would pass maxMembers.
 */
export type AppendResult =
  | {
    readonly status: 'ok';
    readonly seq: number;
    readonly at: number;
    readonly epoch: string;
    readonly version: number;
    readonly entries: readonly LogEntry[];
  }
  | {
    readonly status: 'duplicate';
    readonly seq: number;
    readonly at: number;
    readonly epoch: string;
  }
  | { readonly status: 'stale' | 'conflict' | 'exists' | 'missing' | 'full' };

/** A membership: in since the entry that added the user. */
export interface Member {
  readonly user: string;
  /** Seq of the add or create entry. */
  readonly since: number;
  /** When that was, in milliseconds since 1970. */
  readonly at: number;
}

/** How far a user has read: both only grow. */
export interface ReadPosition {
  readonly user: string;
  readonly seq: number;
  /** Ordinal of the last message at or before seq. */
  readonly count: number;
  /** `RoomHead.reads` at this move. */
  readonly version: number;
  readonly at: number;
}

/** How far a room's log and read moves were forwarded into feeds. */
export interface Forwarded {
  readonly seq: number;
  readonly reads: number;
}

/** A room with something to deliver: the outbox mark that an append or a read leaves. */
export interface PendingRoom {
  readonly room: RoomKey;
  readonly forwarded: Forwarded;
  /** Feed shards that have not confirmed; empty means all. */
  readonly shards: readonly string[];
}

/** One range of one log, for pipelined reading. */
export interface LogRange {
  readonly room: RoomKey;
  /** First seq wanted. */
  readonly from: number;
  /** Last seq wanted. */
  readonly to: number;
}

export interface MessagePage {
  /** Ascending. */
  readonly messages: readonly MessageEntry[];
  /** Whether there is more in the direction of reading. */
  readonly more: boolean;
}

/**
 * The rooms: logs, members, read positions, keys, outbox marks. The log is the truth; all else of
 * a room but explicit reads can be rebuilt from it.
 *
 * Guarantee: {@link append} and {@link read} are atomic a room and durable when they resolve
 * (G1), numbered without gap within an epoch (G2), once a key (G3). What a reading method shows
 * is durable. Every method fails with {@link StoreError}, by which it is known whether anything
 * can have happened.
 */
export interface RoomStore {
  /**
   * Applies operations to one room, in order; see {@link AppendResult}. Messages move their
   * sender's own read position. Leaves an outbox mark where entries were written. Calls to the
   * same room take effect in the order of the calls; calls to many rooms share commits.
   */
  append(room: RoomKey, ops: readonly AppendOp[]): Promise<AppendResult[]>;

  /** The room's head, purged or not; undefined where there is none. */
  head(room: RoomKey): Promise<RoomHead | undefined>;
  heads(rooms: readonly RoomKey[]): Promise<(RoomHead | undefined)[]>;

  /** The user's present membership and the head it was read with, in one step. */
  membership(
    room: RoomKey, user: string,
  ): Promise<{ head: RoomHead; member: Member | undefined } | undefined>;

  /**
   * Present members in the order of their ids.
   * @param after the last id of the page before; '' for the first
   */
  members(room: RoomKey, after: string, limit: number): Promise<Member[]>;

  /**
   * Everyone whose membership holds the entry at `seq`: its interval reaches from the adding to
   * the removing entry, both included (trap 2). Answers exactly for entries not yet forwarded.
   */
  membersAt(room: RoomKey, seq: number): Promise<Member[]>;

  /** Entries of the ranges as they are now, what is no longer kept left out; one list a range. */
  ranges(ranges: readonly LogRange[]): Promise<LogEntry[][]>;

  /**
   * Messages only, in their final state, before or after a position (both exclusive).
   * @param position absent: the newest
   */
  messages(
    room: RoomKey, position: { before: number } | { after: number } | undefined, limit: number,
  ): Promise<MessagePage>;

  /** Ordinal of the newest message written before `at` (ms since 1970); for windows of unread. */
  countBefore(room: RoomKey, at: number): Promise<number>;

  /**
   * Moves a read position forward, never back; beyond the head means the head.
   * Leaves an outbox mark where it moved.
   */
  read(room: RoomKey, user: string, seq: number, at: number): Promise<ReadPosition>;
  readPositions(room: RoomKey, users: readonly string[]): Promise<ReadPosition[]>;

  /** Read moves after a version, at most `limit`, ascending by version. */
  readsAfter(room: RoomKey, version: number, limit: number): Promise<ReadPosition[]>;

  /**
   * How far a room was forwarded to all feed shards; the head where nothing is pending. Whoever
   * forwards a room for the first time starts here, or the events of someone who was removed
   * before a crash would be passed over (trap 2).
   */
  forwarded(room: RoomKey): Promise<Forwarded>;

  /** Rooms whose mark is at least `ageMs` old, oldest first. */
  pending(ageMs: number, limit: number): Promise<PendingRoom[]>;

  /**
   * Says how far a room was forwarded, for all feed shards but those named as away. Removes the
   * mark only where the head is still what was forwarded (trap 1); drops what a purged room kept
   * and ended membership intervals once they were forwarded past.
   */
  settle(room: RoomKey, forwarded: Forwarded, away: readonly string[]): Promise<void>;
}

export { StoreError, type StoreFault } from '../base/fault.js';

/** The ids of a list of users within one tenant, as keys. */
export type UserKeys = readonly UserKey[];
