import { systemClock, type Clock } from '../base/clock.js';
import { randomId, type IdSource } from '../base/ids.js';
import { defaultLimits, type Limits } from '../base/limits.js';
import { createLogger, type Logger } from '../base/log.js';
import type { Metrics } from '../base/metrics.js';
import { AddressCounter, TrustedProxies } from './address.js';
import { closeCode, type CloseCode } from './close.js';
import type { Dispatcher } from './dispatcher.js';
import { corsRequestHeaders, OriginPolicy } from './origins.js';
import { Head, refuse, writeOrigin } from './head.js';
import type { SessionHost } from './host.js';
import { post, streamOf } from './http.js';
import type { TokenVerifier } from './identity.js';
import { Keeper } from './keeper.js';
import { Turn } from './outbox.js';
import { refuseMethod, servePages, type PageHandler } from './pages.js';
import { PushSession } from './push-session.js';
import type { Session } from './session.js';
import { openStream } from './sse.js';
import { Topics } from './topics.js';
import type { StreamCalls, StreamRelay, Transport } from './transport.js';
import { webSocketBehavior } from './upgrade.js';
import { createApp, listen, type Listening, type TemplatedApp, type TlsFiles } from './uws.js';

export interface RpcServerOptions {
  readonly dispatcher: Dispatcher;
  readonly host: SessionHost;
  readonly verify: TokenVerifier;
  readonly limits?: Readonly<Limits>;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  readonly ids?: IdSource;
  /** Path of the one URL; `/rpc` by default. */
  readonly path?: string;
  /** Origins of pages that may call: scheme, host and port, exactly. */
  readonly origins?: readonly string[];
  /** Pages of this machine may call too. */
  readonly dev?: boolean;
  readonly tls?: TlsFiles;
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  /** Pages beside the API, by path. */
  readonly pages?: Readonly<Record<string, PageHandler>>;
  /** Where POST calls go that name an event stream of another process. */
  readonly relay?: StreamRelay;
}

export interface ListenOptions {
  /** Several processes listen on one port, and the kernel spreads connections (SO_REUSEPORT). */
  readonly reusePort?: boolean;
}

/** The transports of one server, on as many ports as it listens on. */
export interface RpcServer {
  /**
   * @param port 0: any free one
   * @returns the port and the URL that clients call
   * @throws Error when the address can't be had
   */
  listen(host: string, port: number, options?: ListenOptions): Promise<{
    readonly port: number;
    readonly url: string;
  }>;
  readonly topics: Topics;
  /** WebSockets and event streams. */
  sessions(): Iterable<Session>;
  /**
   * Runs calls that came to another process, on the stream here that they name.
   * @param reply called once with the answer's text, where this returned true
   * @returns whether this process holds that stream of that user
   */
  runOnStream(calls: StreamCalls, reply: (answer: string | undefined) => void): boolean;
  /** Frees the ports and refuses new sessions; those that are go on. */
  stopAccepting(): void;
  /** Closes every session, then every socket. */
  close(code?: CloseCode, reason?: string): void;
}

/** Bytes of publications after which readers of topics are looked at again. */
const checkReadersEveryBytes = 64 * 1024;

/**
 * Puts a dispatcher on the network: POST, WebSocket and server-sent events on one URL.
 * Guarantee: a slow reader costs its own connection only (G9); answers and events of one
 * connection leave in the order in which they were queued.
 */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  const app = createApp(options.tls);
  const shared = transportOf(options, app);
  const path = options.path ?? '/rpc';
  serveRpc(app, shared, path);
  servePages(app, options.pages ?? {}, shared.log);
  refuseOtherPaths(app);
  const listening: Listening[] = [];
  let closed = false;
  const stopAccepting = (): void => {
    shared.accepting = false;
    for (const one of listening) one.close();
  };
  return {
    async listen(host, port, { reusePort = false } = {}) {
      const one = listen(app, host, port, reusePort);
      listening.push(one);
      const scheme = options.tls === undefined ? 'http' : 'https';
      return { port: one.port, url: `${scheme}://${urlHost(host)}:${one.port}${path}` };
    },
    topics: shared.topics,
    sessions: () => shared.sessions,
    runOnStream(calls, reply) {
      const session = streamOf(shared, calls.session, calls);
      if (session === undefined) return false;
      const life = Math.min(calls.deadlineMs ?? Infinity, session.deadlineMs ?? Infinity);
      shared.dispatcher.receive(session, calls.body, {
        at: shared.clock.monotonic(), ...(life !== Infinity && { deadlineMs: life }),
      }, reply);
      return true;
    },
    stopAccepting,
    close(code = closeCode.goingAway, reason = 'closing') {
      if (closed) return;
      closed = true;
      stopAccepting();
      for (const session of [...shared.sessions]) session.close(code, reason);
      // The close frames are with the kernel by then.
      setImmediate(() => app.close());
    },
  };
}

/** Pages on a port of their own, such as health and metrics that the public must not see. */
export function createPageServer(
  pages: Readonly<Record<string, PageHandler>>,
  { log = createLogger({ format: 'silent' }), tls }: { log?: Logger; tls?: TlsFiles } = {},
): { listen(host: string, port: number): { readonly port: number }; close(): void } {
  const app = createApp(tls);
  servePages(app, pages, log);
  refuseOtherPaths(app);
  return {
    listen: (host, port) => listen(app, host, port, false),
    close: () => { app.close(); },
  };
}

function refuseOtherPaths(app: TemplatedApp): void {
  app.any('/*', (response, request) => {
    const toHead = request.getMethod() === 'head';
    refuse(response, { status: 404, reason: 'no_such_page', toHead });
  });
}

function transportOf(options: RpcServerOptions, app: TemplatedApp): Transport {
  const limits = options.limits ?? defaultLimits;
  const clock = options.clock ?? systemClock;
  const turn = new Turn();
  const sessions = new Set<Session>();
  const figures = options.metrics === undefined ? undefined : figuresOf(options.metrics, sessions);
  const bounds = [limits.idleTimeoutMs, limits.authTimeoutMs].filter((ms) => ms !== 0);
  return {
    dispatcher: options.dispatcher,
    host: options.host,
    verify: options.verify,
    limits,
    clock,
    log: options.log ?? createLogger({ format: 'silent' }),
    ids: options.ids ?? randomId,
    origins: new OriginPolicy(options.origins ?? [], options.dev ?? false),
    proxies: new TrustedProxies(options.trustedProxies ?? []),
    anonymous: new AddressCounter(limits.maxUnauthenticatedPerAddress),
    turn,
    keeper: new Keeper(clock, Math.max(5, Math.min(1000, ...bounds.map((ms) => ms / 8)))),
    topics: new Topics({
      turn,
      publishNative: (topic, frame) => app.publish(topic, frame),
      checkReaders() {
        for (const session of sessions) {
          if (session instanceof PushSession) session.checkReader();
        }
      },
      checkEveryBytes: checkReadersEveryBytes,
    }),
    sessions,
    streams: new Map(),
    relay: options.relay,
    accepting: true,
    count: (what, reason) => figures?.inc({ what, reason }),
  };
}

function figuresOf(metrics: Metrics, sessions: ReadonlySet<Session>) {
  metrics.gauge('connections', 'WebSockets and event streams', () => sessions.size);
  return metrics.counter(
    'connections_ended_by_server_total', 'Connections refused or closed by the server, by reason',
    ['what', 'reason'],
  );
}

function serveRpc(app: TemplatedApp, shared: Transport, path: string): void {
  app.ws(path, webSocketBehavior(shared));
  app.post(path, (response, request) => post(shared, response, request));
  app.get(path, (response, request) => {
    const head = new Head(request);
    const say = (status: number, reason: string, headers: Record<string, string> = {}): void => {
      shared.count('refused', reason);
      refuse(response, { status, reason, headers });
    };
    if (!shared.origins.allows(head.origin)) say(403, 'origin');
    else if (head.upgrade !== '') say(400, 'bad_handshake');
    else if (!/\btext\/event-stream\b/i.test(head.accept)) {
      say(426, 'upgrade_or_event_stream', { upgrade: 'websocket' });
    } else if (!shared.accepting) say(503, 'draining', { 'retry-after': '1' });
    else openStream(shared, response, head);
  });
  app.options(path, (response, request) => {
    const { origin } = new Head(request);
    if (origin === '' || !shared.origins.allows(origin)) {
      refuse(response, { status: 403, reason: 'origin' });
      return;
    }
    response.writeStatus('204 No Content');
    writeOrigin(response, origin);
    response.writeHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
    response.writeHeader('access-control-allow-headers', corsRequestHeaders);
    response.writeHeader('access-control-max-age', '600');
    response.endWithoutBody();
  });
  app.any(path, (response, request) => {
    refuseMethod(response, 'GET, POST, OPTIONS', request.getMethod() === 'head');
  });
}

/** The host of a URL under which a listening address can be called from here. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
