import type { Static, TObject, TSchema } from 'typebox';
import type { Limits } from '../base/limits.js';
import type { Identity } from './identity.js';
import type { Session, TransportName } from './session.js';

/** One call while it runs: what a handler is given beside its checked params. */
export interface Call<App = unknown> {
  /** What the application was registered with: its stores, its hub. */
  readonly app: App;
  readonly session: Session;
  readonly transport: TransportName;
  /** The method's name. */
  readonly method: string;
  readonly limits: Readonly<Limits>;
  /**
   * Who is calling; reading it without one throws 401 `missing`, so that a handler of a method
   * with `access: 'identity'` never checks.
   */
  readonly identity: Identity;
  /** When the call's life ends, on the monotonic clock, in milliseconds. */
  readonly deadlineAt: number;
  /**
   * Aborted on cancel, on deadline and when the session ends. Made at its first reading, since
   * an AbortController a call costs more than the call (architecture.md, trap 14).
   */
  readonly signal: AbortSignal;
  /**
   * Says that from here the outcome is unknown if the answer fails to come: the deadline then
   * answers -32002 in place of -32009 `expired`, and `$/cancelRequest` comes too late.
   * @throws RpcError when the call was answered already (cancelled, expired): the caller was told
   *   that nothing happened, so nothing may happen any more (architecture.md, trap 4)
   */
  handedOn(): void;
  /** Runs after this call's answer was queued: for events that must not overtake it. */
  afterAnswer(run: () => void): void;
}

/** What a method promises an error for, beside those that any call may meet. */
export interface MethodError {
  readonly code: number;
  readonly reason: string;
  readonly when: string;
}

/** A call and its answer that the documentation shows and the tests make. */
export interface MethodExample {
  readonly params: unknown;
  readonly result: unknown;
  /** Calls of the same caller that make what the example needs, in order. */
  readonly setup?: readonly { readonly method: string; readonly params: unknown }[];
}

/**
 * A method: one file of schema, access and handler. Registered, it is validated, counted, limited
 * and documented (OpenRPC) without more.
 */
export interface Method<App = unknown, P extends TObject = TObject, R extends TSchema = TSchema> {
  readonly name: string;
  /** One line for people, in the OpenRPC document. */
  readonly summary: string;
  /** Properties in positional order; unknown ones are refused. */
  readonly params: P;
  readonly result: R;
  /** `none`: answers without an identity too. `identity`: 401 without. */
  readonly access: 'none' | 'identity';
  /** Refused on a session that cannot push, such as a plain HTTP call's; default false. */
  readonly needsPush?: boolean;
  /** Takes as much as a whole body instead of maxCallBytes; default false. */
  readonly large?: boolean;
  /** Waits for something to happen, so it takes no place among running calls; default false. */
  readonly waits?: boolean;
  readonly errors?: readonly MethodError[];
  readonly example: MethodExample;
  /** May answer at once: a handler that returns no promise costs none. */
  handler(call: Call<App>, params: Static<P>): Static<R> | Promise<Static<R>>;
}

/** Keeps the params and result types of a method together. */
export function defineMethod<App>() {
  return <P extends TObject, R extends TSchema>(method: Method<App, P, R>): Method<App, P, R> =>
    method;
}

/** A pushed event as documentation and clients know it. */
export interface EventSpec<P extends TObject = TObject> {
  readonly name: string;
  readonly summary: string;
  readonly params: P;
  readonly example: unknown;
}

export const defineEvent = <P extends TObject>(event: EventSpec<P>): EventSpec<P> => event;

/** Around every call: identity, rate limit, deadline, metrics. Outermost first. */
export type Interceptor<App = unknown> = (
  next: (call: Call<App>, params: unknown) => unknown,
) => (call: Call<App>, params: unknown) => unknown;
