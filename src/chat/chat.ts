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
import type { AppendOp, AppendResult, Member } from '../store/rooms.js';
import type { RoomHead } from '../store/entry.js';
import type { Store } from '../store/store.js';
import type { Profile } from '../store/users.js';

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
   * @param handedOn called when the operation goes to the store: no cancelling from here
   * @returns the store's answer, never `stale`
   */
  submit(
    room: RoomKey, user: string, decide: (view: RoomView | undefined) => AppendOp,
    handedOn: () => void,
  ): Promise<Exclude<AppendResult, { status: 'stale' }>>;
  /** The cached view, or the store's. */
  view(room: RoomKey, user: string): Promise<RoomView | undefined>;
}

/**
 * From the log to the feeds: takes what was appended or read, groups it, and settles the outbox
 * mark. Also the sweeper: drives rooms whose mark has aged.
 */
export interface Forwarder {
  /** A room has something new; delivery goes on behind the answer, in order. */
  appended(room: RoomKey, by: UserKey): void;
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
  /** Opens the session's feed; `feed.open`, `feed_subscribe` and SSE stand on it. */
  openFeed(session: Session, options: OpenFeed): Promise<FeedOpened>;
  closeFeed(session: Session): void;
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
  readonly state?: unknown;
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

/** The application that every method of the chat is called with: `call.app`. */
export interface Chat extends ChatParts {
  readonly lanes: RoomLanes;
  readonly forwarder: Forwarder;
  readonly hub: Hub;
  readonly people: People;
  readonly presences: Presences;
}
