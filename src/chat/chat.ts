import type { Clock } from '../base/clock.js';
import type { IdSource, RoomKey, UserKey } from '../base/ids.js';
import type { Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import type { Metrics } from '../base/metrics.js';
import type { Bus } from '../cluster/bus.js';
import type { Directory, Presence } from '../cluster/directory.js';
import type { Membership } from '../cluster/membership.js';
import type { Identity, TokenVerifier } from '../rpc/identity.js';
import type { Session, TopicPublisher } from '../rpc/session.js';
import type { LogEntry, RoomHead } from '../store/entry.js';
import type { AppendOp, AppendResult, CallKey, Member } from '../store/rooms.js';
import type { Store } from '../store/store.js';
import type { GroupStore } from '../store/groups.js';
import type { Profile } from '../store/users.js';
import type { Access } from './access/access.js';
import type { CallKeys } from './call-key.js';
import type { Mailing } from './mailing.js';
import type { OwnCalls } from './own-calls.js';
import type { RoomHeadsJson, StateJson } from './schemas.js';
import type { TypingGate } from './typing-gate.js';

/** What the chat stands on, from the composition root. */
export interface ChatParts {
  readonly name: string;
  readonly version: string;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly ids: IdSource;
  readonly store: Store;
  readonly directory: Directory;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly topics: TopicPublisher;
  readonly verify: TokenVerifier;
  /** `known`: users never seen may not be named (protocol.md, Who is calling). */
  readonly users: 'any' | 'known';
}

/** A room as an operation on it is decided: read in one step, so that `version` covers both. */
export interface RoomView {
  readonly head: RoomHead;
  /** The caller's membership, if any. */
  readonly member: Member | undefined;
}

/**
 * Writing to rooms: one lane a room, so that calls take effect in the order in which they came,
 * with the access decision made on a view that the store then confirms (expect, stale).
 */
export interface RoomLanes {
  /**
   * @param decide pure; from the room as it is (undefined: not there) to the operation; throws
   *   the RpcError that answers the call. Runs again when the room changed meanwhile.
   * @param handedOn called when the operation goes to the store: no cancelling from here; what it
   *   throws answers the call, and nothing is done
   * @param call the key of the operation, where the caller gave one: it is then known again even
   *   when `decide` refuses by now what it allowed before (G3)
   * @param prepare what `decide` needs to know beside the room: run when its turn comes, so that
   *   waiting for it never lets a later call overtake; what it throws answers the call
   * @returns the store's answer, never `stale`
   */
  submit(
    room: RoomKey, user: string, decide: (view: RoomView | undefined) => AppendOp,
    handedOn: () => void, call?: CallKey, prepare?: () => Promise<void>,
  ): Promise<Settled>;
  /**
   * The room and the membership as the store has them, after what was submitted before: for
   * whatever shows something.
   */
  view(room: RoomKey, user: string): Promise<RoomView | undefined>;
}

/** What a submitted operation can come to. */
export type Settled = Extract<AppendResult, { status: 'ok' | 'duplicate' }>
  | { readonly status: 'conflict' | 'exists' | 'missing' | 'full' };

/** What an append wrote, handed on so that the log need not be read again for it. */
export interface News {
  readonly epoch: string;
  /** Seq of the last entry that changed who is in the room, and how, as of these entries. */
  readonly version: number;
  /** In order, without gap. */
  readonly entries: readonly LogEntry[];
}

/**
 * From the log to the feeds: takes what was appended or read, groups it, and settles the outbox
 * mark. Also the sweeper: drives rooms whose mark has aged.
 */
export interface Forwarder {
  /**
   * A room has something new; delivery goes on behind the answer, in order.
   * @param news what was written, if the caller has it; absent: the log and the reads are read
   */
  appended(room: RoomKey, by: UserKey, news?: News): void;
  /** Resolves when what this user's own calls wrote has been forwarded, or could not be. */
  settled(by: UserKey): Promise<void>;
  /** Drives all rooms with marks older than `ageMs`; at start with 0. Answers how many. */
  sweep(ageMs: number): Promise<number>;
  /** Waits for what is being forwarded. */
  drain(): Promise<void>;
}

/** Sessions on this node and what they are sent: feeds, watches, rooms. */
export interface Hub {
  /** A session has signed in as this user, or out: its feed, watches and rooms end. */
  attach(session: Session, user: UserKey): void;
  detach(session: Session): void;
  sessionsOf(user: UserKey): Iterable<Session>;
  /** Every attached session with its user. */
  sessions(): Iterable<readonly [Session, UserKey]>;
  readonly connections: number;
  readonly users: number;
  /**
   * Opens the session's feed; `feed.open`, `feed_subscribe` and SSE stand on it. Opened again,
   * it takes the place of the one before (each subscription has its own).
   * @throws RpcError -32602 for a malformed cursor, 401 for a session nobody signed in on
   */
  openFeed(session: Session, options: OpenFeed): Promise<FeedOpened>;
  /** Closes the feed, or the one of a subscription. Answers whether there was one. */
  closeFeed(session: Session, subscription?: string): boolean;
  /**
   * Listens to a channel, for `room.subscribe` and the dialect.
   * @throws RpcError -32006 past maxRoomSubscriptions
   */
  watchRoom(session: Session, room: RoomKey, options: WatchRoom): Promise<RoomOpened>;
  unwatchRoom(session: Session, room: RoomKey | undefined, subscription?: string): boolean;
  /**
   * Resolves at the user's next delivery on this node, after `maxMs`, or when aborted.
   * @returns whether to look and wait on: false once {@link endPolls} was called
   */
  stir(user: UserKey, maxMs: number, signal: AbortSignal): Promise<boolean>;
  /** The node ends: who waits is answered with what there is, and asks another node. */
  endPolls(): void;
}

export interface WatchRoom {
  readonly since?: { readonly seq: number; readonly epoch: string };
  readonly subscription?: string;
  readonly afterAnswer: (run: () => void) => void;
}

export interface RoomOpened {
  /** Where it goes on: what comes after this is sent. */
  readonly seq: number;
  readonly epoch: string;
  readonly recovered: boolean;
}

export interface OpenFeed {
  /** Cursor to go on from. */
  readonly since?: string;
  /** Large rooms and channels to go on in. */
  readonly rooms?: Readonly<Record<string, { seq: number; epoch: string }>>;
  /** Set for the subscription dialect: events are wrapped for this subscription. */
  readonly subscription?: string;
  /** Queue the events only once this ran: the answer is out. */
  readonly afterAnswer: (run: () => void) => void;
}

export interface FeedOpened {
  readonly cursor: string;
  readonly recovered: boolean;
  readonly state?: StateJson;
  /** Large rooms of the user, and channels that were named: where each goes on. */
  readonly rooms?: RoomHeadsJson;
}

/** Users and their tokens as calls meet them: cached, and kept right by the revocation log. */
export interface People {
  /** The profile, or undefined for a user never seen. */
  profile(user: UserKey): Promise<Profile | undefined>;
  /** See SessionHost.admit. */
  admit(identity: Identity): Identity | Promise<Identity>;
  /** Signs a session in; see SessionHost.signIn. Replaces the identity when it is a refresh. */
  signIn(session: Session, identity: Identity): Promise<void>;
  /** Signs out: presence left at once, watches ended; the socket stays. */
  signOut(session: Session): Promise<void>;
  /**
   * A profile was written: every node acts on it within 1 s, this one before it resolves.
   */
  changed(user: UserKey, profile: Profile): Promise<void>;
  /**
   * Refuses tokens issued before now, or one token or session, on every node within 1 s; what
   * is signed in under them here is closed (4403) before it resolves (G11).
   * @param target a user, or a session's id or the `jti` of its token
   */
  revoke(
    tenant: string, target: { user: string } | { session: string }, blocked: boolean,
  ): Promise<void>;
}

/** Presence by user id, as the protocol shows it. */
export type PresenceTable = Record<string, Presence>;

/** Who watches whom on this node; `maySee` says whom the caller has a right to see (G11). */
export interface Presences {
  query(users: readonly UserKey[], maySee: (user: UserKey) => boolean): Promise<PresenceTable>;
  /** @throws RpcError -32006 where the session would watch more than its bound */
  subscribe(
    session: Session, users: readonly UserKey[], maySee: (user: UserKey) => boolean,
    afterAnswer: (run: () => void) => void,
  ): Promise<PresenceTable>;
  unsubscribe(session: Session, users: readonly UserKey[]): void;
}

/** What createCore (core.ts) makes of the parts: everything of rooms, messages and feeds. */
export interface ChatCore {
  readonly access: Access;
  readonly keys: CallKeys;
  readonly ownCalls: OwnCalls;
  readonly typing: TypingGate;
  readonly lanes: RoomLanes;
  readonly forwarder: Forwarder;
  readonly hub: Hub;
}

/** The application that every method of the chat is called with: `call.app`. */
export interface Chat extends ChatParts, ChatCore {
  readonly people: People;
  readonly presences: Presences;
  readonly groups: GroupStore;
  readonly mailing: Pick<Mailing, 'drive'>;
}
