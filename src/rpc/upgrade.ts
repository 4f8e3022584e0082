import { Head, refuse } from './head.js';
import type { Identity } from './identity.js';
import { addressOf, refusalOf, whoCalls, type Transport } from './transport.js';
import {
  dataOf, type HttpRequest, type HttpResponse, type us_socket_context_t, type WebSocket,
  type WebSocketBehavior,
} from './uws.js';
import { WebSocketSession, type SocketData } from './websocket.js';

/** Bytes past the bound that still are answered with -32007 and not with a lost connection. */
const toleratedFrames = 4;

/** How the library is to treat WebSockets, and what happens on them. */
export function webSocketBehavior(shared: Transport): WebSocketBehavior<SocketData> {
  const { maxFrameBytes, maxOutboundBytes, maxAnswerBytes, idleTimeoutMs } = shared.limits;
  const unbounded = maxOutboundBytes === 0 || maxAnswerBytes === 0;
  return {
    maxPayloadLength: maxFrameBytes === 0 ? 0x7fffffff : maxFrameBytes * toleratedFrames,
    // The outbox gives readers up before this, so that the close frame still passes it.
    maxBackpressure: unbounded ? 0 : maxOutboundBytes + maxAnswerBytes + 256 * 1024,
    closeOnBackpressureLimit: false,
    // Ours come first and close with 4408, which the library's own do not; this one frees sockets
    // that were closed and whose readers never take what is left. Whole seconds, 8 to 960.
    sendPingsAutomatically: false,
    idleTimeout: idleTimeoutMs === 0
      ? 0 : Math.min(960, Math.max(8, Math.ceil(idleTimeoutMs * 2 / 1000))),
    // Never negotiated: there is nothing to inflate (deflate bombs).
    compression: 0,
    upgrade: (response, request, context) => upgrade(shared, response, request, context),
    open(socket: WebSocket<SocketData>) {
      const data = dataOf(socket);
      const identity = data.identity;
      data.identity = undefined;
      data.session.opened(socket, identity);
    },
    message: (socket, bytes, binary) => dataOf(socket).session.received(bytes, binary),
    drain: (socket) => dataOf(socket).session.drainedSome(),
    dropped: (socket) => {
      // Inside the library's own loop over subscribers no socket may be closed.
      const { session } = dataOf(socket);
      setImmediate(() => session.tooSlow());
    },
    ping: (socket) => dataOf(socket).session.ping(),
    pong: (socket) => dataOf(socket).session.heard(shared.clock.monotonic()),
    close: (socket) => dataOf(socket).session.closed(),
  };
}

function upgrade(
  shared: Transport, response: HttpResponse, request: HttpRequest, context: us_socket_context_t,
): void {
  const head = new Head(request);
  const address = addressOf(shared, response, head);
  if (!mayUpgrade(shared, response, head, address)) return;
  let who: Identity | undefined | Promise<Identity>;
  try {
    who = whoCalls(shared, head);
  } catch (error) {
    refuseToken(shared, response, error);
    return;
  }
  const accept = (identity: Identity | undefined): void => {
    const session = new WebSocketSession(shared, address, identity);
    response.upgrade<SocketData>({ session, identity },
      head.webSocketKey, head.webSocketProtocol, '', context);
  };
  if (!(who instanceof Promise)) {
    accept(who);
    return;
  }
  let aborted = false;
  response.onAborted(() => { aborted = true; });
  who.then((identity) => {
    if (!aborted) response.cork(() => accept(identity));
  }, (error: unknown) => {
    if (!aborted) refuseToken(shared, response, error);
  });
}

/** Answers what forbids the upgrade whoever asks. */
function mayUpgrade(
  shared: Transport, response: HttpResponse, head: Head, address: string,
): boolean {
  const say = (status: number, reason: string, headers: Record<string, string> = {}): false => {
    shared.count('refused', reason);
    refuse(response, { status, reason, headers });
    return false;
  };
  if (!shared.origins.allows(head.origin)) return say(403, 'origin');
  if (head.webSocketVersion !== '13') {
    return say(426, 'websocket_version', { 'sec-websocket-version': '13', upgrade: 'websocket' });
  }
  if (!shared.accepting) return say(503, 'draining', { 'retry-after': '1' });
  // Those who bring a token are counted by user: many may sit behind one address.
  if (head.authorization === '' && !shared.anonymous.hasRoom(address)) {
    return say(429, 'unauthenticated_connections', { 'retry-after': '10' });
  }
  return true;
}

function refuseToken(shared: Transport, response: HttpResponse, error: unknown): void {
  const refusal = refusalOf(shared, error);
  shared.count('refused', refusal.reason);
  refuse(response, refusal);
}
