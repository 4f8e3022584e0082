import { closeCode } from '../rpc/close.js';
import { CallError, ClientError } from './errors.js';
import { isRecord } from './json.js';
import { Link, type LinkHandlers, type LinkSettings } from './link.js';
import type { Happening } from './reconnect.js';
import { openPoll } from './transports/poll.js';
import { openEventStream } from './transports/sse.js';
import type { OpenTransport, Target, TransportKind } from './transports/transport.js';
import { openWebSocket } from './transports/websocket.js';

/** What the server said at sign-in. */
export interface SignedIn {
  readonly user: string;
  readonly role: string;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
  /** Public URLs of all live nodes. */
  readonly nodes: readonly string[];
  /** The whole answer of `session.authenticate`: limits, session, node. */
  readonly answer: Readonly<Record<string, unknown>>;
}

export interface OpenedLink {
  readonly link: Link;
  readonly signedIn: SignedIn;
}

/** Reads the answer of `session.authenticate`. */
export function signedIn(answer: unknown): SignedIn {
  if (!isRecord(answer) || typeof answer['user'] !== 'string') {
    throw new ClientError('protocol', 'the server signs nobody in: is this a ringpost URL?');
  }
  const { user, role, expiresAt, nodes } = answer;
  return {
    user,
    role: typeof role === 'string' ? role : '',
    ...(typeof expiresAt === 'number' ? { expiresAt } : {}),
    nodes: Array.isArray(nodes) ? nodes.filter((node) => typeof node === 'string') : [],
    answer,
  };
}

const transports: Readonly<Record<TransportKind, OpenTransport>> = {
  websocket: openWebSocket,
  sse: openEventStream,
  poll: openPoll,
};

const ignored: LinkHandlers = { notification: () => undefined, closed: () => undefined };

/** A call on a link that is being opened; what it is answered decides about the attempt. */
async function authenticate(link: Link, token: string, signal: AbortSignal): Promise<SignedIn> {
  return signedIn(await link.request('session.authenticate', { token }, { signal }));
}

/**
 * Opens one transport and signs in on it.
 * @param before for an event stream: the cursor after which it begins, asked for by plain POST
 * @throws CallError when the sign-in was refused; TransportError or LostError when there is no way
 */
export async function openLink(
  kind: TransportKind, target: Target, handlers: LinkHandlers, settings: LinkSettings,
  before: (plain: Link) => Promise<string | undefined>, signal: AbortSignal,
): Promise<OpenedLink> {
  const open = (way: TransportKind, to: Target, toldTo: LinkHandlers): Promise<Link> =>
    Link.open(transports[way], to, toldTo, settings, signal);
  if (kind !== 'sse') {
    const link = await open(kind, target, handlers);
    return { link, signedIn: await orClose(link, authenticate(link, target.token, signal)) };
  }
  // The stream's own status can't say why it refused; a call can.
  const plain = await open('poll', target, ignored);
  try {
    const who = await authenticate(plain, target.token, signal);
    const since = await before(plain);
    const from = since === undefined ? target : { ...target, since };
    return { link: await open('sse', from, handlers), signedIn: who };
  } finally {
    plain.close();
  }
}

async function orClose<T>(link: Link, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (fault) {
    link.close();
    throw fault;
  }
}

/** What a failed attempt means for the next one. */
export function classify(
  fault: unknown, closedWith: number | undefined, tokenMayChange: boolean,
): Happening {
  if (fault instanceof CallError) {
    const { reason, retryAfterMs: waitMs } = fault.data ?? {};
    if (reason === 'too_many_connections') {
      return { type: 'closed', code: closeCode.tooManyConnections, onlineMs: 0 };
    }
    const more = waitMs === undefined ? {} : { retryAfterMs: waitMs };
    return { type: 'refused', code: fault.code, tokenMayChange, ...more };
  }
  if (fault instanceof ClientError && fault.reason === 'token') {
    return { type: 'refused', code: 0, tokenMayChange };
  }
  // An application code says more than that the attempt failed.
  if (closedWith !== undefined && closedWith >= 4_000) {
    return { type: 'closed', code: closedWith, onlineMs: 0 };
  }
  return { type: 'failed' };
}
