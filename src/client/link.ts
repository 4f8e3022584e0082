// Not the package's index: that would bring its server into every browser.
import { JSONRPCClient } from 'json-rpc-2.0/dist/client.js';
import type { JSONRPCResponse } from 'json-rpc-2.0';
import { reasonOf, type Clock } from './clock.js';
import { callError } from './errors.js';
import { isRecord } from './json.js';
import type {
  OpenTransport, Target, Transport, TransportHandlers, TransportKind,
} from './transports/transport.js';
import { lostCode } from './transports/websocket.js';

/** The connection went before the answer came: whether the call took effect is unknown. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

/** What a link tells its owner. */
export interface LinkHandlers {
  notification(method: string, params: Readonly<Record<string, unknown>>): void;
  /**
   * It ended, once, other than by {@link Link.close}; its calls are answered with LostError.
   * @param retryAfterMs from the last error that named one
   */
  closed(code: number, reason: string, retryAfterMs: number | undefined): void;
}

export interface LinkSettings {
  readonly clock: Clock;
  /** Silence after which the peer is asked for a sign of life. */
  readonly idleMs: number;
  /** How long that sign may take before the link counts as lost. */
  readonly pongTimeoutMs: number;
}

export interface RequestOptions {
  /** Takes effect after the ordered ones before it; default true. */
  readonly ordered?: boolean;
  /** Gives up waiting, and tells the server so (`$/cancelRequest`). */
  readonly signal?: AbortSignal;
  /**
   * Takes the result at once as it arrives. A promise would resolve later than events of the same
   * packet are delivered, and what the result says must stand before them.
   */
  readonly arrived?: (result: unknown) => void;
}

/**
 * One open transport with its calls in flight, matched to their answers by `json-rpc-2.0`.
 * Silence is met with a call, since a browser shows no pings.
 */
export class Link {
  readonly #handlers: LinkHandlers;
  readonly #settings: LinkSettings;
  readonly #rpc: JSONRPCClient<boolean>;
  #transport: Transport | undefined;
  readonly #arrivals = new Map<number, (result: unknown) => void>();
  #lastId = 0;
  #inFlight = 0;
  #over = false;
  #aliveAt: number;
  #retryAfterMs: number | undefined;
  #cancelProbe: () => void = () => undefined;
  #whenQuiet: (() => void) | undefined;

  private constructor(handlers: LinkHandlers, settings: LinkSettings) {
    this.#handlers = handlers;
    this.#settings = settings;
    this.#aliveAt = settings.clock.monotonic();
    this.#rpc = new JSONRPCClient((frame, ordered) => this.#transport?.send(frame, ordered));
  }

  /** @throws TransportError when the transport can't be had */
  static async open(
    open: OpenTransport, target: Target, handlers: LinkHandlers, settings: LinkSettings,
    signal: AbortSignal,
  ): Promise<Link> {
    const link = new Link(handlers, settings);
    const taken: TransportHandlers = {
      message: (value) => link.#message(value),
      alive: () => {
        link.#aliveAt = settings.clock.monotonic();
      },
      closed: (code, reason) => link.#ended(code, reason),
    };
    const transport = await open(target, taken, signal);
    link.#transport = transport;
    if (transport.kind !== 'poll') link.#watch(settings.idleMs);
    return link;
  }

  get kind(): TransportKind {
    return this.#transport?.kind ?? 'poll';
  }

  get over(): boolean {
    return this.#over;
  }

  /**
   * @throws CallError as answered, LostError when the link ended first, the signal's reason
   */
  async request(method: string, params: object, options: RequestOptions = {}): Promise<unknown> {
    const { ordered = true, signal, arrived } = options;
    if (this.#over) throw new LostError(`${method}: the connection is closed`);
    if (signal?.aborted === true) throw reasonOf(signal);
    const id = ++this.#lastId;
    if (arrived !== undefined) this.#arrivals.set(id, arrived);
    this.#inFlight += 1;
    const answer = this.#rpc.requestAdvanced({ jsonrpc: '2.0', id, method, params }, ordered);
    try {
      const response = await this.#unlessAborted(answer, id, signal);
      if (response.error === undefined) {
        const result: unknown = response.result;
        return result;
      }
      // The answers that #ended makes up; a link that is not over has none of them.
      if (this.#over && response.error.message === lostMessage) {
        throw new LostError(`${method}: the connection closed before the answer`);
      }
      throw callError(method, response.error);
    } finally {
      this.#arrivals.delete(id);
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#whenQuiet?.();
    }
  }

  /** Sends what needs no answer. */
  notify(method: string, params: object): void {
    if (!this.#over) this.#transport?.send({ jsonrpc: '2.0', method, params }, false);
  }

  /** Goes on with another token of the same user, where requests carry it. */
  refresh(token: string): void {
    this.#transport?.refresh?.(token);
  }

  /** Calls back once when nothing is in flight, at the latest after `atMostMs`. */
  whenQuiet(atMostMs: number, run: () => void): void {
    if (this.#inFlight === 0) return run();
    const once = (): void => {
      cancel();
      this.#whenQuiet = undefined;
      run();
    };
    const cancel = this.#settings.clock.after(atMostMs, once);
    this.#whenQuiet = once;
  }

  /** Ends it; calls in flight are answered with LostError. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelProbe();
    this.#transport?.close();
    this.#rpc.rejectAllPendingRequests(lostMessage);
  }

  #unlessAborted<T>(
    answer: PromiseLike<T>, id: number, signal: AbortSignal | undefined,
  ): PromiseLike<T> {
    if (signal === undefined) return answer;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.notify('$/cancelRequest', { id });
        reject(reasonOf(signal));
      };
      signal.addEventListener('abort', abort, { once: true });
      const settled = (): void => signal.removeEventListener('abort', abort);
      answer.then((value) => {
        settled();
        resolve(value);
      }, reject);
    });
  }

  #message(value: unknown): void {
    if (Array.isArray(value)) {
      for (const part of value) this.#message(part);
      return;
    }
    if (!isRecord(value)) return;
    const { method, params } = value;
    if (typeof method === 'string') {
      this.#handlers.notification(method, isRecord(params) ? params : {});
    } else if (isResponse(value)) {
      // Noted for a close that follows; a flood is answered with an error that has no id.
      if (value.error !== undefined) {
        this.#retryAfterMs = callError('', value.error).data?.retryAfterMs ?? this.#retryAfterMs;
      } else if (typeof value.id === 'number') this.#arrivals.get(value.id)?.(value.result);
      this.#rpc.receive(value);
    }
  }

  #ended(code: number, reason: string): void {
    if (this.#over) return;
    this.close();
    this.#handlers.closed(code, reason, this.#retryAfterMs);
  }

  #watch(inMs: number): void {
    const { clock, idleMs } = this.#settings;
    this.#cancelProbe = clock.after(Math.max(0, inMs), () => {
      const silentMs = clock.monotonic() - this.#aliveAt;
      if (silentMs < idleMs) this.#watch(idleMs - silentMs);
      else this.#probe();
    });
  }

  /** The sign of life must come on the way that pushes: on an event stream, its heartbeat. */
  #probe(): void {
    const { clock, idleMs, pongTimeoutMs } = this.#settings;
    const askedAt = clock.monotonic();
    this.request('server.info', {}, { ordered: false }).catch(() => undefined);
    this.#cancelProbe = clock.after(pongTimeoutMs, () => {
      if (this.#aliveAt < askedAt) this.#ended(lostCode, 'the server gave no sign of life');
      else this.#watch(idleMs - (clock.monotonic() - this.#aliveAt));
    });
  }
}

const lostMessage = 'ringpost: connection lost';

/** JSON-RPC 2.0, section 5; the error's members are checked where they are read. */
function isResponse(value: object): value is JSONRPCResponse {
  return 'id' in value && ('result' in value || 'error' in value);
}
