import type { ErrorData } from '../rpc/errors.js';
import { isRecord } from './json.js';

/** An error that the server answered (protocol.md, Errors). */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** A code of the table in protocol.md, or an application's own. */
  readonly code: number;
  /** `reason` and what helps to act on it; undefined when the answer had none. */
  readonly data: ErrorData | undefined;
  readonly method: string;

  constructor(method: string, code: number, message: string, data: ErrorData | undefined) {
    super(`${method}: ${message}${data === undefined ? '' : ` (${data.reason})`}`);
    this.method = method;
    this.code = code;
    this.data = data;
  }
}

/**
 * What went wrong on this side of the wire:
 * `timeout` no answer in time · `lost` the connection went before the answer, and the call may not
 * be sent again by itself: its outcome is unknown · `closed` the client was closed ·
 * `unauthenticated`, `forbidden`, `too_many_connections`, `protocol` the server refused for good ·
 * `token` the token function failed · `unreachable` no URL answers (the client goes on trying) ·
 * `listener` a listener threw (see `cause`).
 */
export type ClientErrorReason =
  | 'timeout' | 'lost' | 'closed' | 'unauthenticated' | 'forbidden' | 'too_many_connections'
  | 'protocol' | 'token' | 'unreachable' | 'listener';

/** A fault of the connection or of the client's use; `reason` is for programs. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly reason: ClientErrorReason;

  constructor(reason: ClientErrorReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Reads `error.data` of an answer; whatever has no `reason` is passed over. */
function errorData(value: unknown): ErrorData | undefined {
  if (!isRecord(value) || typeof value['reason'] !== 'string') return undefined;
  const { limit, retryAfterMs, path, ...more } = value;
  return {
    ...more,
    reason: value['reason'],
    ...(typeof limit === 'string' ? { limit } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(typeof path === 'string' ? { path } : {}),
  };
}

/** From the `error` member of an answer to what the caller catches. */
export function callError(method: string, error: unknown): CallError {
  const { code, message, data } = isRecord(error) ? error : {};
  return new CallError(
    method,
    typeof code === 'number' ? code : -32603,
    typeof message === 'string' ? message : 'Internal error',
    errorData(data),
  );
}
