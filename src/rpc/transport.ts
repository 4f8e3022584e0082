import type { Clock } from '../base/clock.js';
import type { IdSource } from '../base/ids.js';
import type { Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import type { AddressCounter, TrustedProxies } from './address.js';
import { closeCode, type CloseCode } from './close.js';
import type { Dispatcher } from './dispatcher.js';
import { code, RpcError } from './errors.js';
import type { SessionHost } from './host.js';
import type { Identity, TokenVerifier } from './identity.js';
import type { Keeper } from './keeper.js';
import type { OriginPolicy } from './origins.js';
import type { Turn } from './outbox.js';
import type { Session } from './session.js';
import type { Topics } from './topics.js';
import { textOf, type HttpResponse } from './uws.js';
import { bearerToken, type Head, type Refusal } from './head.js';

/** Calls for an event stream that another process of the same server holds. */
export interface StreamCalls {
  /** Id of the stream's session. */
  readonly session: string;
  readonly user: string;
  readonly tenant: string;
  /** The POST's body. */
  readonly body: string;
  /** Life that is left to its calls, in milliseconds; the limit's where absent. */
  readonly deadlineMs?: number;
}

/**
 * Passes calls on to the process that holds the stream they name: behind a balancer, and on a port
 * that workers share, a POST comes to any of them.
 * @returns the whole answer's text (undefined: nothing to answer), or `unknown` where nobody has
 *   such a stream of this user, or what became of the calls can't be known
 */
export type StreamRelay =
  (calls: StreamCalls) => Promise<{ readonly answer: string | undefined } | 'unknown'>;

/** What the transports of one server share. */
export interface Transport {
  readonly dispatcher: Dispatcher;
  readonly host: SessionHost;
  readonly verify: TokenVerifier;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ids: IdSource;
  readonly origins: OriginPolicy;
  readonly proxies: TrustedProxies;
  /** Connections without an identity. */
  readonly anonymous: AddressCounter;
  readonly turn: Turn;
  readonly keeper: Keeper;
  readonly topics: Topics;
  /** Sessions that push. */
  readonly sessions: Set<Session>;
  /** Event streams by session id, for POST calls that name them. */
  readonly streams: Map<string, Session>;
  /** For POST calls that name none of them; absent where this process is the whole server. */
  readonly relay: StreamRelay | undefined;
  /** False while draining: no new connection. */
  accepting: boolean;
  /** Counts what was refused or closed, by reason. */
  readonly count: (what: 'refused' | 'closed', reason: string) => void;
}

/** The caller's address, after trusted proxies. Read before any await. */
export function addressOf(transport: Transport, response: HttpResponse, head: Head): string {
  const peer = textOf(response.getRemoteAddressAsText());
  return transport.proxies.caller(peer, head.forwardedFor);
}

/**
 * Who a request's bearer token says is calling; undefined without one. Answers at once when the
 * verifier does.
 * @throws what the verifier throws
 */
export function whoCalls(
  transport: Transport, head: Head,
): Identity | undefined | Promise<Identity> {
  const token = bearerToken(head.authorization);
  return token === undefined ? undefined : transport.verify(token);
}

/** How a refused token or sign-in is said where HTTP can still say it. */
export function refusalOf(transport: Transport, error: unknown): Refusal {
  if (!(error instanceof RpcError)) {
    transport.log.error({ err: error }, 'a token could not be verified');
    return { status: 503, reason: 'internal' };
  }
  const { reason, retryAfterMs } = error.data;
  switch (error.code) {
    case code.unauthenticated:
      return { status: 401, reason, headers: { 'www-authenticate': 'Bearer' } };
    case code.forbidden:
      return { status: 403, reason };
    case code.rateLimited:
      return { status: 429, reason };
    default: {
      const seconds = Math.ceil((retryAfterMs ?? 1000) / 1000);
      return { status: 503, reason, headers: { 'retry-after': String(seconds) } };
    }
  }
}

/** How a refused sign-in is said on a WebSocket (protocol.md, Close codes). */
export function closeCodeOf(error: unknown): CloseCode {
  if (!(error instanceof RpcError)) return closeCode.restart;
  switch (error.code) {
    case code.unauthenticated:
      return error.data.reason === 'revoked' ? closeCode.forbidden : closeCode.unauthenticated;
    case code.forbidden:
      return closeCode.forbidden;
    case code.rateLimited:
      return closeCode.tooManyConnections;
    default:
      return closeCode.restart;
  }
}

/** The word that goes with a refusal. */
export const reasonOf = (error: unknown): string =>
  error instanceof RpcError ? error.data.reason : 'internal';
