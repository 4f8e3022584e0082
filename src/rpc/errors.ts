/**
 * Every code that an answer may carry (protocol.md, Errors). Close codes are another table:
 * close.ts.
 */
export const code = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  cancelled: -32800,
  deadline: -32002,
  tooManySubscriptions: -32006,
  requestTooLarge: -32007,
  answerTooLarge: -32008,
  busy: -32009,
  batchTooLarge: -32010,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  gone: 410,
  rateLimited: 429,
} as const;

export type ErrorCode = (typeof code)[keyof typeof code];

/** The one message of each code; `data.reason` tells cases of one code apart. */
// A call that is marked pure: bundles of the client, which reads messages off the wire, drop it.
export const errorMessage: Readonly<Record<ErrorCode, string>> = /* @__PURE__ */ (() => ({
  [code.parse]: 'Parse error',
  [code.invalidRequest]: 'Invalid Request',
  [code.methodNotFound]: 'Method not found',
  [code.invalidParams]: 'Invalid params',
  [code.internal]: 'Internal error',
  [code.cancelled]: 'Cancelled',
  [code.deadline]: 'Deadline passed, the outcome is unknown: retry with the same key',
  [code.tooManySubscriptions]: 'Too many subscriptions',
  [code.requestTooLarge]: 'Request too large',
  [code.answerTooLarge]: 'Answer too large',
  [code.busy]: 'Busy',
  [code.batchTooLarge]: 'Batch too large',
  [code.unauthenticated]: 'No valid identity',
  [code.forbidden]: 'Forbidden',
  [code.notFound]: 'Not found',
  [code.conflict]: 'Conflict',
  [code.gone]: 'Gone',
  [code.rateLimited]: 'Too many calls',
}))();

/** What stands in `error.data`: a reason that a program can read, and what helps it act. */
export interface ErrorData {
  /** A word in snake_case that tells the cases of one code apart. */
  reason: string;
  /** The bound that was passed, by its name in Limits. */
  limit?: string;
  /** For errors worth retrying: wait at least this long. */
  retryAfterMs?: number;
  /** For invalid params: where, as a JSON pointer. */
  path?: string;
  [more: string]: unknown;
}

/**
 * The one error class of the server: what a handler throws to answer with an error.
 * Whatever else is thrown is answered as -32603 with a log id, its cause kept in the log only.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: ErrorCode;
  readonly data: ErrorData;

  /**
   * @param errorCode a code of the table
   * @param reason snake_case word for programs
   * @param more further members of `data`, and the cause for the log
   */
  constructor(
    errorCode: ErrorCode,
    reason: string,
    more: Omit<ErrorData, 'reason'> & { cause?: unknown } = {},
  ) {
    const { cause, ...data } = more;
    super(errorMessage[errorCode], cause === undefined ? undefined : { cause });
    this.code = errorCode;
    this.data = { reason, ...data };
  }
}

/** 404 word for word the same for what is not there and what the caller may not know of (G11). */
export const notFound = (): RpcError => new RpcError(code.notFound, 'not_found');

/** 401; the reason says which: missing, invalid, expired, revoked. */
export const unauthenticated = (
  reason: 'missing' | 'invalid' | 'expired' | 'revoked',
): RpcError => new RpcError(code.unauthenticated, reason);

/** -32602 at one place of the params. */
export const invalidParams = (path: string, reason: string, limit?: string): RpcError =>
  new RpcError(code.invalidParams, reason, limit === undefined ? { path } : { path, limit });

/** -32009: nothing happened, and when to come back. */
export const busy = (reason: string, retryAfterMs: number, cause?: unknown): RpcError =>
  new RpcError(code.busy, reason, { retryAfterMs, cause });
