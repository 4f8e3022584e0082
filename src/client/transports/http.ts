import { closeCode } from '../../rpc/close.js';
import { code } from '../../rpc/errors.js';
import { parseJson } from '../json.js';
import type { Frame, Target, TransportHandlers } from './transport.js';
import { lostCode } from './websocket.js';

/** Calls in one body at most: with calls of 64 KiB still under the body's limit of 1 MiB. */
const batchCalls = 15;

/** Reads `retry-after` (RFC 9110, 10.2.3), in milliseconds. */
function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? '1');
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1_000) : 1_000;
}

/** What HTTP refused before a call was looked at, in the words of the calls (protocol.md). */
function refusal(status: number, response: Response): object | undefined {
  switch (status) {
    case 413:
      return {
        code: code.requestTooLarge, message: 'Request too large',
        data: { reason: 'body_too_large', limit: 'maxBodyBytes' },
      };
    case 429:
      return {
        code: code.rateLimited, message: 'Too many calls',
        data: { reason: 'rate', retryAfterMs: retryAfterMs(response) },
      };
    case 503:
      return {
        code: code.busy, message: 'Busy',
        data: { reason: 'unavailable', retryAfterMs: retryAfterMs(response) },
      };
    default:
      return undefined;
  }
}

/**
 * Calls by HTTP POST. Ordered ones leave one body after another, so that they take effect in the
 * order in which they were made; what comes meanwhile goes into the next body as a batch.
 */
export class Poster {
  readonly #target: Target;
  readonly #handlers: TransportHandlers;
  readonly #session: string | undefined;
  readonly #over = new AbortController();
  #token: string;
  #waiting: Frame[] = [];
  #posting = false;

  /** @param session the event stream on which the calls act; none for plain calls */
  constructor(target: Target, handlers: TransportHandlers, session?: string) {
    this.#target = target;
    this.#handlers = handlers;
    this.#session = session;
    this.#token = target.token;
  }

  /** Goes on with another token of the same user. */
  refresh(token: string): void {
    this.#token = token;
  }

  send(frame: Frame, ordered: boolean): void {
    if (!ordered) {
      void this.#post([frame]);
      return;
    }
    this.#waiting.push(frame);
    if (!this.#posting) void this.#postInOrder();
  }

  close(): void {
    this.#over.abort();
  }

  async #postInOrder(): Promise<void> {
    this.#posting = true;
    while (this.#waiting.length > 0 && !this.#over.signal.aborted) {
      await this.#post(this.#waiting.splice(0, batchCalls));
    }
    this.#posting = false;
  }

  /** Never rejects: what fails on the way ends the transport. */
  async #post(frames: readonly Frame[]): Promise<void> {
    try {
      const response = await fetch(this.#target.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${this.#token}`,
          ...(this.#session === undefined ? {} : { 'ringpost-session': this.#session }),
        },
        body: JSON.stringify(frames.length === 1 ? frames[0] : frames),
        signal: this.#over.signal,
      });
      this.#take(response, await response.text(), frames);
    } catch (fault) {
      this.#end(lostCode, `the POST to ${this.#target.url} failed: ${String(fault)}`);
    }
  }

  #take(response: Response, text: string, frames: readonly Frame[]): void {
    if (this.#over.signal.aborted) return;
    this.#handlers.alive();
    const { status } = response;
    const error = refusal(status, response);
    if (error !== undefined) {
      for (const { id } of frames) {
        if (id !== undefined) this.#handlers.message({ jsonrpc: '2.0', id, error });
      }
      return;
    }
    const value = status === 200 ? parseJson(text) : undefined;
    if (value !== undefined) this.#handlers.message(value);
    else if (status === 401) this.#end(closeCode.unauthenticated, 'the token is not accepted');
    else if (status === 403) this.#end(closeCode.forbidden, 'the origin is not accepted');
    // 409: the event stream that the calls act on is gone.
    else if (status !== 204) this.#end(lostCode, `the POST was answered ${status}`);
  }

  #end(closedWith: number, reason: string): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#handlers.closed(closedWith, reason);
  }
}
