import { code } from '../rpc/errors.js';
import type { Random } from './backoff.js';
import { pause, reasonOf, type Clock } from './clock.js';
import { CallError, ClientError } from './errors.js';
import { LostError, type Link } from './link.js';
import { keyedMethods, mayRepeat, retryAfterMs, type CallFailure } from './retry.js';

/** What a call may be given beside its params. */
export interface CallOptions {
  /** Gives up: the call rejects with the signal's reason, and the server is told. */
  readonly signal?: AbortSignal;
  /** Longest time until the answer, waiting and repeating included; the client's by default. */
  readonly timeoutMs?: number;
  /**
   * Whether the call may be sent again when its answer was lost. By default: every method of the
   * protocol (those that change something get a `key`), and an application's own with a `key`.
   */
  readonly repeat?: boolean;
}

export interface CallPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly timeoutMs: number;
  /** A key that nobody else makes. */
  newKey(): string;
  /** The link, as soon as there is one; rejects when there will be none. */
  online(signal: AbortSignal): Promise<Link>;
  /** Whether another token can be had for a link whose calls are answered 401. */
  renew(link: Link): boolean;
}

/** Fresh tokens that one call may ask for. */
const maxRenewals = 2;

function failureOf(fault: unknown): CallFailure | undefined {
  if (fault instanceof LostError) return { kind: 'lost' };
  if (!(fault instanceof CallError)) return undefined;
  const { data } = fault;
  return {
    kind: 'answered', code: fault.code,
    ...(data?.retryAfterMs === undefined ? {} : { retryAfterMs: data.retryAfterMs }),
  };
}

/**
 * Makes calls that outlive connections: waits for one, sends, and sends again with the same key
 * when the answer was lost or the server asked to come back (G3).
 */
export class Caller {
  readonly #ports: CallPorts;

  constructor(ports: CallPorts) {
    this.#ports = ports;
  }

  /**
   * @param arrived takes the result before any event that came after it
   * @throws CallError, ClientError, or the reason of `options.signal`
   */
  async call(
    method: string, params: object, options: CallOptions, arrived: (result: unknown) => void,
  ): Promise<unknown> {
    const { clock } = this.#ports;
    const over = new AbortController();
    const timeoutMs = options.timeoutMs ?? this.#ports.timeoutMs;
    const cancel = clock.after(timeoutMs, () => {
      over.abort(new ClientError('timeout', `${method}: no answer within ${timeoutMs} ms`));
    });
    const { signal } = options;
    const abort = (): void => over.abort(signal && reasonOf(signal));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    try {
      return await this.#attempts(method, params, options.repeat, over.signal, arrived);
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  async #attempts(
    method: string, params: object, repeat: boolean | undefined, signal: AbortSignal,
    arrived: (result: unknown) => void,
  ): Promise<unknown> {
    const { clock, random, newKey } = this.#ports;
    const repeats = repeat ?? mayRepeat(method, params);
    const ordered = !readsOnly(method);
    // One key for all attempts: the server answers a repeated one with the first outcome (G3).
    const sent = keyedMethods.has(method) && !('key' in params)
      ? { ...params, key: newKey() } : params;
    for (let attempt = 0, renewals = 0; ; attempt += 1) {
      const link = await this.#ports.online(signal);
      try {
        return await link.request(method, sent, { ordered, signal, arrived });
      } catch (fault) {
        const failure = failureOf(fault);
        if (failure === undefined) throw fault;
        if (failure.kind === 'answered' && failure.code === code.unauthenticated) {
          renewals += 1;
          if (renewals > maxRenewals || !this.#ports.renew(link)) throw fault;
          continue;
        }
        const waitMs = retryAfterMs(failure, attempt, repeats, random);
        if (waitMs === undefined) throw asKnown(method, fault);
        if (waitMs > 0) await pause(clock, waitMs, signal);
      }
    }
  }
}

/** Methods that over POST need not wait for the ones before them. */
const readsOnly = (method: string): boolean =>
  /\.(get|list|members|history|search|query|contacts|info|stats|explain|discover)$/.test(method);

const asKnown = (method: string, fault: unknown): unknown => fault instanceof LostError
  ? new ClientError('lost', `${method}: the connection went before the answer; whether it took ` +
    'effect is unknown. Give it a key, or the option repeat, to have it sent again', fault)
  : fault;
