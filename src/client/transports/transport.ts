/** The ways to the server, best first. */
export type TransportKind = 'websocket' | 'sse' | 'poll';

/** Where to, and as whom. */
export interface Target {
  /** `http:` or `https:` URL of the endpoint. */
  readonly url: string;
  readonly token: string;
  /** Feed cursor that an event stream begins after. */
  readonly since?: string;
}

/** What a transport tells while it is open. */
export interface TransportHandlers {
  /** A JSON value arrived: a response, a notification, or an array of them. */
  message(value: unknown): void;
  /** Something arrived, were it only a ping: the peer is alive. */
  alive(): void;
  /** It has ended, once, for any reason but {@link Transport.close}. */
  closed(code: number, reason: string): void;
}

/** What goes out: one request or notification. */
export interface Frame {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: unknown;
  readonly id?: number;
}

/** One open way to one node. Answers come through {@link TransportHandlers.message}. */
export interface Transport {
  readonly kind: TransportKind;
  /**
   * Never throws; what can't be sent ends in `closed`.
   * @param ordered whether it must take effect after the ordered ones sent before it
   */
  send(frame: Frame, ordered: boolean): void;
  /** Goes on with another token of the same user, where each request carries it. */
  refresh?(token: string): void;
  /** Ends it without `closed`. */
  close(): void;
}

/**
 * Opens a transport; rejects when it can't be had (blocked, refused, aborted).
 * @param signal ends the attempt
 */
export type OpenTransport = (
  target: Target, handlers: TransportHandlers, signal: AbortSignal,
) => Promise<Transport>;

/** The endpoint's own path, when a URL names none. */
const defaultPath = '/rpc';

/**
 * The `http:` form of a server's URL; `ws:` and `wss:` are taken too.
 * @throws TypeError for a text that is no URL, or another scheme
 */
export function endpoint(url: string): string {
  const parsed = new URL(url.replace(/^ws/, 'http'));
  if (!/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`a server's URL starts with http, https, ws or wss; got ${url}`);
  }
  if (parsed.pathname === '/') parsed.pathname = defaultPath;
  return parsed.href;
}

/** The transport as it was when it ended before it was open. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}
