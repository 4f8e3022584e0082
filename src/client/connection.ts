import { pause, reasonOf, type Clock } from './clock.js';
import type { Random } from './backoff.js';
import { ClientError, type ClientErrorReason } from './errors.js';
import type { Link, LinkHandlers, LinkSettings } from './link.js';
import { classify, openLink, type SignedIn } from './open-link.js';
import { next, startReconnect, type Happening, type Reconnect, type ReconnectSettings }
  from './reconnect.js';
import type { TransportKind } from './transports/transport.js';
import { lostCode } from './transports/websocket.js';
import { webSocketPasses } from './upgrade.js';

/** `offline`: not connected, whether it tries again or not (then `error` said why). */
export type ConnectionState = 'offline' | 'connecting' | 'online' | 'closed';

export interface StateChange {
  readonly state: ConnectionState;
  readonly url: string;
  readonly transport: TransportKind;
}

export interface ConnectionPorts {
  readonly clock: Clock;
  readonly random: Random;
  token(): Promise<string>;
  /** Whether asking again can give another. */
  tokenMayChange(): boolean;
  /** The cursor after which an event stream begins. */
  before(plain: Link, signal: AbortSignal): Promise<string | undefined>;
  /** Signed in: opens feed and watches, before calls go out. */
  opened(link: Link, who: SignedIn, signal: AbortSignal): Promise<void>;
  notification(link: Link, method: string, params: Readonly<Record<string, unknown>>): void;
  changed(change: StateChange): void;
  fault(error: ClientError): void;
}

export interface ConnectionSettings extends LinkSettings {
  readonly reconnect: ReconnectSettings;
  readonly connectTimeoutMs: number;
}

/** Longest wait for answers in flight when leaving a draining node. */
const leaveWithinMs = 2_000;

const stopWords: Partial<Record<ClientErrorReason, string>> = {
  unauthenticated: 'the server does not accept the token: authenticate with another',
  forbidden: 'the server refuses this user: blocked, revoked, or not allowed from here',
  too_many_connections: 'this user has too many connections: close some first',
  protocol: 'the server does not speak this protocol: check the URL',
};

interface Waiter {
  resolve(link: Link): void;
  reject(error: Error): void;
}

/** Keeps one link up: the edge around the pure rules of reconnect.ts. */
export class Connection {
  readonly #ports: ConnectionPorts;
  readonly #settings: ConnectionSettings;
  #reconnect: Reconnect;
  #state: ConnectionState = 'offline';
  #attempt: AbortController | undefined;
  /** Up, or being opened; handed out only while online. */
  #link: Link | undefined;
  #onlineAt = 0;
  #waiters: Waiter[] = [];
  #stopped: ClientError | undefined;
  #told = false;
  #cancelMove: () => void = () => undefined;
  /** Where to and when, on the monotonic clock, once the node is draining. */
  #move: { readonly to?: string; readonly at: number } | undefined;

  constructor(
    urls: readonly [string, ...string[]], settings: ConnectionSettings, ports: ConnectionPorts,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#reconnect = startReconnect(urls, settings.reconnect);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get link(): Link | undefined {
    return this.#state === 'online' ? this.#link : undefined;
  }

  /** Begins, or begins again after a stop. */
  start(): void {
    if (this.#state === 'closed' || this.#attempt !== undefined || this.#link) return;
    this.#stopped = undefined;
    this.#reconnect = { ...this.#reconnect, failures: 0, refusals: 0, unopened: 0 };
    void this.#connect(0);
  }

  /** Begins at once with what the token is now; calls that wait go on waiting. */
  restart(): void {
    if (this.#state === 'closed') return;
    this.#drop();
    this.start();
  }

  /** Ends the link and every attempt; those who wait are told `error`. */
  stop(error: ClientError): void {
    this.#stopped = error;
    this.#drop();
    this.#change(error.reason === 'closed' ? 'closed' : 'offline');
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** The link once there is one, in the order of asking. */
  online(signal: AbortSignal): Promise<Link> {
    const { link } = this;
    if (link !== undefined) return Promise.resolve(link);
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve: (up) => {
          signal.removeEventListener('abort', abort);
          resolve(up);
        },
        reject,
      };
      const abort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(reasonOf(signal));
      };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  /** Lets go of a link that is of no use any more, and signs in anew. */
  renew(link: Link): void {
    if (link !== this.#link || this.#state !== 'online') return;
    this.#drop();
    this.#happened({ type: 'moved', to: this.#reconnect.url, afterMs: 0 });
  }

  /** `server.draining`: goes at its own moment, when what is in flight was answered. */
  drain(to: string | undefined, afterMs: number): void {
    const link = this.#link;
    this.#cancelMove();
    const { clock } = this.#ports;
    this.#move = { at: clock.monotonic() + afterMs, ...(to === undefined ? {} : { to }) };
    this.#cancelMove = clock.after(afterMs, () => {
      if (link !== undefined && link === this.#link) this.#leave(link);
    });
  }

  #drop(): void {
    this.#cancelMove();
    this.#move = undefined;
    this.#attempt?.abort();
    this.#attempt = undefined;
    const link = this.#link;
    this.#link = undefined;
    link?.close();
  }

  #change(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    const { url, transport } = this.#reconnect;
    this.#ports.changed({ state, url, transport });
  }

  #happened(happening: Happening, cause?: unknown): void {
    const before = this.#reconnect;
    const [after, then] = next(before, happening, this.#ports.random);
    this.#reconnect = after;
    if (then.do === 'stop') {
      const why = stopWords[then.reason] ?? then.reason;
      const error = new ClientError(then.reason, why, cause);
      this.stop(error);
      this.#ports.fault(error);
    } else if (then.do === 'connect') {
      // Once an outage, when every way was tried.
      if (!this.#told && after.failures > before.failures && happening.type === 'failed') {
        this.#told = true;
        this.#ports.fault(new ClientError('unreachable', `no answer from ${before.url}`, cause));
      }
      void this.#connect(then.delayMs);
    }
  }

  /** One attempt; never rejects. */
  async #connect(delayMs: number): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { clock } = this.#ports;
    let cancel = (): void => undefined;
    const closedWith: { code?: number } = {};
    try {
      if (delayMs > 0) {
        this.#change('offline');
        await pause(clock, delayMs, attempt.signal);
      }
      this.#change('connecting');
      const token = await this.#token();
      if (attempt.signal.aborted) return;
      cancel = clock.after(this.#settings.connectTimeoutMs, () => {
        attempt.abort(new ClientError('timeout', 'the server did not answer in time'));
      });
      await this.#open(token, attempt, closedWith);
    } catch (fault) {
      // Stopped, or moved on: whoever did that goes on from there.
      if (this.#attempt !== attempt) return;
      this.#drop();
      if (fault instanceof ClientError && fault.reason === 'token') this.#ports.fault(fault);
      this.#happened(classify(fault, closedWith.code, this.#ports.tokenMayChange()), fault);
    } finally {
      cancel();
    }
  }

  async #token(): Promise<string> {
    try {
      return await this.#ports.token();
    } catch (cause) {
      throw new ClientError('token', 'no token to sign in with', cause);
    }
  }

  async #open(
    token: string, attempt: AbortController, closedWith: { code?: number },
  ): Promise<void> {
    const { signal } = attempt;
    const { url, transport } = this.#reconnect;
    const early: [string, Readonly<Record<string, unknown>>][] = [];
    const taken: { link?: Link } = {};
    const handlers: LinkHandlers = {
      notification: (method, params) => {
        if (taken.link === undefined) early.push([method, params]);
        else this.#ports.notification(taken.link, method, params);
      },
      closed: (code, _reason, retryAfterMs) => {
        closedWith.code = code;
        if (this.#attempt === undefined) this.#closed(taken.link, code, retryAfterMs);
      },
    };
    const { link, signedIn } = await openLink(transport, { url, token }, handlers, this.#settings,
      (plain) => this.#ports.before(plain, signal), signal);
    if (this.#attempt !== attempt) return link.close();
    this.#link = link;
    taken.link = link;
    for (const [method, params] of early) this.#ports.notification(link, method, params);
    await this.#ports.opened(link, signedIn, signal);
    if (this.#attempt !== attempt) return;
    if (link.over) throw new ClientError('unreachable', 'the connection closed again at once');
    this.#up(link, signedIn);
  }

  #up(link: Link, who: SignedIn): void {
    this.#attempt = undefined;
    this.#told = false;
    this.#onlineAt = this.#ports.clock.monotonic();
    this.#happened({ type: 'online', nodes: who.nodes });
    this.#change('online');
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(link);
    this.#upgradeLater(link);
  }

  /** On a lesser transport, looks now and then whether the network lets a WebSocket through. */
  #upgradeLater(link: Link): void {
    const { clock } = this.#ports;
    const { connectTimeoutMs, reconnect: { transports, upgradeMs } } = this.#settings;
    if (transports[0] !== 'websocket' || link.kind === 'websocket') return;
    this.#cancelMove = clock.after(upgradeMs, () => {
      void webSocketPasses(this.#reconnect.url, clock, connectTimeoutMs).then((passes) => {
        if (link !== this.#link || this.#state !== 'online' || this.#move) return;
        if (passes) this.#leave(link);
        else this.#upgradeLater(link);
      });
    });
  }

  /** Lets calls in flight be answered first; new ones wait for the next link. */
  #leave(link: Link): void {
    this.#change('connecting');
    link.whenQuiet(leaveWithinMs, () => this.#closed(link, lostCode, undefined));
  }

  #closed(link: Link | undefined, code: number, retryAfterMs: number | undefined): void {
    if (link === undefined || link !== this.#link) return;
    const move = this.#move;
    this.#drop();
    const nowMs = this.#ports.clock.monotonic();
    if (move === undefined) {
      const waitMs = retryAfterMs === undefined ? {} : { retryAfterMs };
      this.#happened({ type: 'closed', code, onlineMs: nowMs - this.#onlineAt, ...waitMs });
      return;
    }
    // Closed before its moment, it keeps to it: all others were closed with it.
    const { at, ...to } = move;
    this.#happened({ type: 'moved', afterMs: Math.max(0, at - nowMs), ...to });
  }
}
