import { Caller, type CallOptions } from './calls.js';
import { runtimeClock } from './clock.js';
import { Connection, type ConnectionState } from './connection.js';
import { CallError, ClientError } from './errors.js';
import { Emitter, type Listener } from './emitter.js';
import { FeedSession } from './feed-session.js';
import { FeedTracker, type Position } from './feed.js';
import type { Link } from './link.js';
import { signedIn, type SignedIn } from './open-link.js';
import { endpoint, type TransportKind } from './transports/transport.js';
import type { ClientOptions, OwnEvents } from './types.js';
import { Watches } from './watches.js';

type Params = Readonly<Record<string, unknown>>;
type TokenSource = string | (() => string | Promise<string>);
type Events = OwnEvents & Readonly<Record<string, unknown>>;

/** 128 random bits as text: nobody else makes the same key. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function endpoints(options: ClientOptions): readonly [string, ...string[]] {
  const given = [...options.url === undefined ? [] : [options.url], ...options.urls ?? []];
  const [first, ...rest] = given.map(endpoint);
  if (first === undefined) throw new TypeError('createClient needs a url, or urls');
  return [first, ...rest];
}

const bestFirst: readonly [TransportKind, ...TransportKind[]] = ['websocket', 'sse', 'poll'];

function transportsOf(options: ClientOptions): readonly [TransportKind, ...TransportKind[]] {
  const [first, ...rest] = options.transports ?? bestFirst;
  return first === undefined ? bestFirst : [first, ...rest];
}

const noToken = (): ClientError => new ClientError(
  'unauthenticated', 'no token: give createClient one, or call authenticate(token)',
);

/** The client behind {@link createClient}, before its methods and events have types. */
export class RawClient {
  readonly #connection: Connection;
  readonly #caller: Caller;
  readonly #emitter: Emitter<Events>;
  readonly #wantsFeed: boolean;
  readonly #options: ClientOptions;
  #token: TokenSource | undefined;
  #tracker: FeedTracker;
  #feed: FeedSession;
  #watches: Watches;
  #session: SignedIn | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#token = options.token;
    this.#wantsFeed = options.feed ?? true;
    this.#emitter = new Emitter((cause) => {
      this.#fault(new ClientError('listener', 'a listener threw', cause));
    });
    const clock = options.clock ?? runtimeClock;
    const random = options.random ?? Math.random;
    [this.#tracker, this.#feed, this.#watches] = this.#fresh(options.position);
    this.#connection = new Connection(endpoints(options), {
      clock,
      idleMs: options.idleMs ?? 25_000,
      pongTimeoutMs: 10_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 8_000,
      reconnect: {
        transports: transportsOf(options),
        baseMs: options.backoffBaseMs ?? 300,
        maxMs: options.backoffMaxMs ?? 20_000,
        stableMs: 10_000,
        upgradeMs: options.upgradeMs ?? 300_000,
      },
    }, {
      clock,
      random,
      token: async () => this.#freshToken(),
      tokenMayChange: () => typeof this.#token === 'function',
      before: (plain, signal) =>
        this.#wantsFeed ? this.#feed.before(plain, signal) : Promise.resolve(undefined),
      opened: (link, who, signal) => this.#opened(link, who, signal),
      notification: (link, method, params) => this.#notification(link, method, params),
      changed: (change) => this.#emitter.emit('state', change),
      fault: (error) => this.#fault(error),
    });
    this.#caller = new Caller({
      clock,
      random,
      timeoutMs: options.callTimeoutMs ?? 30_000,
      newKey: randomKey,
      online: (signal) => this.#connection.online(signal),
      renew: (link) => this.#renew(link),
    });
    if (this.#token === undefined) this.#connection.stop(noToken());
    else this.#connection.start();
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Who is signed in, as the server said last; undefined before, and after logout. */
  get session(): SignedIn | undefined {
    return this.#session;
  }

  /** Where the application has read to; give it to the next client to go on from here. */
  get position(): Position {
    return this.#tracker.position;
  }

  on(event: string, listener: Listener<never>): () => void {
    return this.#emitter.on(event, listener);
  }

  async call(method: string, params: object = {}, options: CallOptions = {}): Promise<unknown> {
    return this.#caller.call(method, params, options, (result) => {
      this.#watches.answered(method, params, result);
    });
  }

  /** Sends without wanting an answer; dropped when there is no connection. */
  notify(method: string, params: object = {}): void {
    this.#connection.link?.notify(method, params);
  }

  /** Resolves once signed in; rejects when the client has stopped trying. */
  async ready(signal: AbortSignal = new AbortController().signal): Promise<SignedIn> {
    await this.#connection.online(signal);
    if (this.#session === undefined) throw noToken();
    return this.#session;
  }

  /**
   * Goes on with another token: of the same user on the same connection, of another on a new one.
   * @throws CallError 401 or 403, ClientError when there is no connection to be had
   */
  async authenticate(token: TokenSource): Promise<SignedIn> {
    this.#token = token;
    const { link } = this.#connection;
    if (link === undefined) {
      this.#connection.restart();
      return this.ready();
    }
    try {
      return await this.#refresh(link);
    } catch (fault) {
      if (!(fault instanceof CallError) || fault.data?.reason !== 'other_user') throw fault;
      this.#leave();
      this.#connection.start();
      return this.ready();
    }
  }

  /** Signs out and disconnects; {@link authenticate} comes back. Forgets position and watches. */
  async logout(): Promise<void> {
    try {
      // Plain calls have no session to end.
      const kind = this.#connection.link?.kind ?? 'poll';
      if (kind !== 'poll') await this.call('session.logout');
    } finally {
      this.#leave();
      this.#token = undefined;
    }
  }

  /** Ends everything; waiting calls reject with `closed`. */
  close(): void {
    this.#connection.stop(new ClientError('closed', 'the client was closed'));
  }

  #fresh(position?: Position): [FeedTracker, FeedSession, Watches] {
    const tracker = new FeedTracker(position);
    const feed = new FeedSession(tracker, {
      clock: this.#options.clock ?? runtimeClock,
      random: this.#options.random ?? Math.random,
      event: (method, params) => this.#event(method, params),
      reset: (reset) => this.#emitter.emit('reset', reset),
      reconnect: (link) => this.#connection.renew(link),
    });
    const watches = new Watches(tracker, (params) => this.#event('presence.changed', params));
    return [tracker, feed, watches];
  }

  #leave(): void {
    this.#connection.stop(noToken());
    this.#session = undefined;
    [this.#tracker, this.#feed, this.#watches] = this.#fresh();
  }

  async #freshToken(): Promise<string> {
    if (this.#token === undefined) throw noToken();
    return typeof this.#token === 'function' ? this.#token() : this.#token;
  }

  async #opened(link: Link, who: SignedIn, signal: AbortSignal): Promise<void> {
    const before = this.#session?.user;
    this.#session = who;
    // Another user's position and watches mean nothing.
    if (before !== undefined && before !== who.user) {
      [this.#tracker, this.#feed, this.#watches] = this.#fresh();
    }
    if (this.#wantsFeed) await this.#feed.open(link, signal);
    await this.#watches.restore(link, signal);
  }

  async #refresh(link: Link): Promise<SignedIn> {
    const token = await this.#freshToken();
    const who = signedIn(await link.request('session.authenticate', { token }));
    link.refresh(token);
    this.#session = who;
    return who;
  }

  #renew(link: Link): boolean {
    if (typeof this.#token !== 'function') return false;
    this.#connection.renew(link);
    return true;
  }

  #notification(link: Link, method: string, params: Params): void {
    if (method === 'server.draining') {
      const { reconnectTo, afterMs } = params;
      this.#connection.drain(
        typeof reconnectTo === 'string' ? endpoint(reconnectTo) : undefined,
        typeof afterMs === 'number' ? afterMs : 0,
      );
    } else if (method === 'session.expiring' && typeof this.#token === 'function') {
      // What fails here is met again at expiry: the socket closes with 4401.
      this.#refresh(link).catch(() => undefined);
    }
    if (method === 'presence.changed') this.#watches.event(params);
    this.#feed.received(link, method, params);
  }

  #event(method: string, params: Params): void {
    this.#emitter.emit('event', { method, params });
    // The server's events have a dot in their name, the client's own have none.
    if (method.includes('.')) this.#emitter.emit(method, params);
  }

  #fault(error: ClientError): void {
    if (this.#emitter.has('error')) this.#emitter.emit('error', error);
    else console.error(error);
  }
}
