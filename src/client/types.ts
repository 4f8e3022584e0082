import type { CallOptions } from './calls.js';
import type { Clock } from './clock.js';
import type { ConnectionState, StateChange } from './connection.js';
import type { ClientError } from './errors.js';
import type { FeedReset } from './feed-session.js';
import type { Position } from './feed.js';
import type { SignedIn } from './open-link.js';
import type { TransportKind } from './transports/transport.js';

/** A method as its caller sees it. */
export interface MethodShape {
  readonly params: object;
  readonly result: unknown;
}

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
  /** Silence after which the server is asked for a sign of life; default 25,000. */
  readonly idleMs?: number;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: numbers in [0, 1). */
  readonly random?: () => number;
}

export type { CallOptions, ConnectionState, Position, SignedIn, StateChange, TransportKind };
