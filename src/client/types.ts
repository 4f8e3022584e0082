import type { CallOptions } from './calls.js';
import type { ChatEvents, ChatMethods } from './contract.js';
import type { Clock } from './clock.js';
import type { ConnectionState, StateChange } from './connection.js';
import type { ClientError } from './errors.js';
import type { FeedReset } from './feed-session.js';
import type { Position } from './feed.js';
import type { SignedIn } from './open-link.js';
import type { TransportKind } from './transports/transport.js';

/** Any event of the server. */
export interface ServerEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What the client tells of itself. */
export interface OwnEvents {
  readonly state: StateChange;
  /** The feed, or one room, could not go on where it was (`recovered: false`). */
  readonly reset: FeedReset;
  /** What no call can tell: a refusal for good, no answer from any URL, a listener that threw. */
  readonly error: ClientError;
  /** Every event of the server, also those that have no type here. */
  readonly event: ServerEvent;
}

export interface ClientOptions {
  /** The server, e.g. `https://chat.example/rpc`; without a path, `/rpc`. `ws:` is taken too. */
  readonly url?: string;
  /** Several of them; the nodes that the server names are tried besides. */
  readonly urls?: readonly string[];
  /**
   * A bearer token, or what makes one whenever it is needed: at each connection, and before the
   * present one expires. Without, the client waits for {@link Client.authenticate}.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Whether to open the feed; default true. False: calls only. */
  readonly feed?: boolean;
  /** Where an earlier client stopped ({@link Client.position}); default: from now on. */
  readonly position?: Position;
  /** Ways to the server, best first; default WebSocket, event stream, long-polling. */
  readonly transports?: readonly TransportKind[];
  /** Longest time of a call, waiting for a connection included; default 30,000. */
  readonly callTimeoutMs?: number;
  /** Longest time of one attempt on one transport; default 8,000. */
  readonly connectTimeoutMs?: number;
  /** First bound of the back-off, which doubles; default 300. */
  readonly backoffBaseMs?: number;
  /** Last bound of the back-off; default 20,000. */
  readonly backoffMaxMs?: number;
  /** On a lesser transport: how often to look whether a WebSocket passes; default 300,000. */
  readonly upgradeMs?: number;
  /** Silence after which the server is asked for a sign of life; default 25,000. */
  readonly idleMs?: number;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: numbers in [0, 1). */
  readonly random?: () => number;
}

export type { ChatEvents, ChatMethods };
export type { CallOptions, ConnectionState, Position, SignedIn, StateChange, TransportKind };

/** Params of a method as its caller gives them. */
export type ParamsOf<M, Name> = Name extends keyof M
  ? M[Name] extends { readonly params: infer P } ? P : never : object;

/** What a method answers; of a method without a type: unknown. */
export type ResultOf<M, Name> = Name extends keyof M
  ? M[Name] extends { readonly result: infer R } ? R : never : unknown;

/** Params of an event; of an event without a type: members unknown. */
export type EventOf<E, Name> = Name extends keyof E ? E[Name] : Readonly<Record<string, unknown>>;

/** Optional where every one of the params is. */
type CallArguments<P extends object> = Partial<P> extends P
  ? [params?: P, options?: CallOptions] : [params: P, options?: CallOptions];

/**
 * A connection that lasts: reconnects, resumes, repeats, until it is closed.
 * @typeParam Methods the protocol's methods, with an application's own
 * @typeParam Events likewise
 */
export interface Client<Methods = ChatMethods, Events = ChatEvents> {
  readonly state: ConnectionState;
  /** Who is signed in, as the server said last; undefined before, and after logout. */
  readonly session: SignedIn | undefined;
  /** Where the application has read to; give it to the next client to go on from here. */
  readonly position: Position;

  /**
   * Calls a method, waiting for a connection if need be. What changes something gets a `key`, and
   * is sent again under it when the answer was lost (G3).
   * @throws CallError as answered; ClientError `timeout`, `lost`, `closed`, or why the client
   *   stopped; the reason of `options.signal`
   */
  call<Name extends string>(
    method: (keyof Methods & string) | Name,
    ...rest: CallArguments<ParamsOf<Methods, Name> & object>
  ): Promise<ResultOf<Methods, Name>>;

  /** Sends without wanting an answer; dropped while there is no connection. */
  notify(method: string, params?: object): void;

  /**
   * Listens to an event of the server, each exactly once and in order, or to `state`, `reset`,
   * `error` and `event` (any).
   * @returns ends the listening
   */
  on<Name extends string>(
    event: (keyof Events & string) | keyof OwnEvents | Name,
    listener: (event: EventOf<Events & OwnEvents, Name>) => unknown,
  ): () => void;

  /** Resolves once signed in; rejects when the client has stopped trying. */
  ready(signal?: AbortSignal): Promise<SignedIn>;

  /**
   * Goes on with another token: of the same user on the same connection, of another on a new one.
   * @throws CallError 401 or 403; ClientError when the client has stopped trying
   */
  authenticate(token: string | (() => string | Promise<string>)): Promise<SignedIn>;

  /** Signs out and disconnects; {@link authenticate} comes back. Forgets position and watches. */
  logout(): Promise<void>;

  /** Ends everything; calls that wait reject with `closed`. */
  close(): void;
}
