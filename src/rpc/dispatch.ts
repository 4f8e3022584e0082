import { JSONRPCServer } from 'json-rpc-2.0';
import type { Clock } from '../base/clock.js';
import { randomId, type IdSource } from '../base/ids.js';
import { defaultLimits, type Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import type { Metrics } from '../base/metrics.js';
import { Wheel } from '../base/wheel.js';
import { LagMeter, Turnstile } from './admission.js';
import { BatchAnswers, type AnswerSlot, type Reply } from './answers.js';
import { CallMetrics, type MethodFigures } from './call-metrics.js';
import { ActiveCall, answerLater, type CallCore, type Pending, type Prepared } from './call.js';
import { ParseFault, largerThan, parse } from './codec.js';
import type { Dispatcher, Received } from './dispatcher.js';
import { RpcError, busy, code, unauthenticated } from './errors.js';
import { compose } from './interceptors.js';
import { createErrorMapper, type MapError } from './map-error.js';
import {
  answerableId, envelopeError, errorText, isObject, isRequest, isResponse,
  type MessageId, type Request,
} from './message.js';
import type { Interceptor } from './method.js';
import { RateGate } from './rate-gate.js';
import { methodNotFound, type Registry } from './registry.js';
import { SessionCalls } from './session-calls.js';
import { idInFlight, paramsOf, put, rateLimited } from './refusals.js';
import type { Session } from './session.js';

export interface DispatcherOptions<App> {
  readonly registry: Registry<App>;
  /** What handlers find as `call.app`. */
  readonly app: App;
  readonly limits?: Readonly<Limits>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Around every handler, the first outermost; params are checked before. */
  readonly interceptors?: readonly Interceptor<App>[];
  /** The application's own errors as RpcErrors; what it answers otherwise is -32603. */
  readonly mapError?: MapError;
  readonly ids?: IdSource;
}

/** Where a message came from and where its answer goes. */
interface Origin {
  readonly session: Session;
  readonly calls: SessionCalls;
  readonly received: Received;
  readonly slot: AnswerSlot | Reply;
  /** Why the text is too large to be called, by limit; undefined when it is not. */
  readonly tooLarge: 'maxFrameBytes' | 'maxCallBytes' | undefined;
}

const overloadRetryMs = 1_000;

/**
 * The one way from text to answer (JSON-RPC 2.0). Every text is answered exactly once: checks that
 * fail answer at once, handlers that return no promise too, everything else through
 * {@link ActiveCall}.
 */
class CallDispatcher<App> implements Dispatcher {
  readonly #registry: Registry<App>;
  readonly #limits: Readonly<Limits>;
  readonly #log: Logger;
  readonly #interceptors: readonly Interceptor<App>[];
  readonly #metrics: CallMetrics;
  readonly #core: CallCore<App>;
  readonly #rates: RateGate;
  readonly #lag: LagMeter;
  readonly #prepared = new Map<string, Prepared<App>>();
  #refusal: { reason: string; retryAfterMs: number } | undefined;

  constructor(options: DispatcherOptions<App>) {
    const limits = options.limits ?? defaultLimits;
    this.#registry = options.registry;
    this.#limits = limits;
    this.#log = options.log;
    this.#interceptors = options.interceptors ?? [];
    this.#metrics = new CallMetrics(options.metrics, () => this.inFlight);
    this.#rates = new RateGate(limits);
    this.#lag = new LagMeter(options.clock, limits.maxEventLoopLagMs);
    this.#core = {
      app: options.app,
      limits,
      clock: options.clock,
      log: options.log,
      wheel: new Wheel(options.clock),
      turnstile: new Turnstile(limits.maxRunningCalls, limits.maxQueuedCalls),
      server: new JSONRPCServer<Pending>({ errorListener: () => undefined }),
      toError: createErrorMapper(options.log, options.ids ?? randomId, options.mapError),
      open: 0,
    };
  }

  get inFlight(): number {
    return this.#core.open;
  }

  refuse(reason: string | undefined, retryAfterMs = overloadRetryMs): void {
    this.#refusal = reason === undefined ? undefined : { reason, retryAfterMs };
  }

  sessionEnded(session: Session): void {
    for (const call of session.calls?.all() ?? []) call.abandon();
  }

  receive(session: Session, text: string | Uint8Array, received: Received, reply: Reply): void {
    const calls = session.calls ??= new SessionCalls();
    const value = parse(text, this.#limits.maxDepth);
    if (Array.isArray(value)) {
      this.#batch(session, calls, value, text, received, reply);
    } else if (value instanceof ParseFault) {
      const waitMs = this.#rates.take(session, calls, received.at);
      const limit = value.reason === 'too_deep' ? { limit: 'maxDepth' } : {};
      // Section 5.1: the id cannot be known, so it is null.
      this.#deny(reply, 0, null, waitMs > 0
        ? rateLimited(waitMs) : new RpcError(code.parse, value.reason, limit));
    } else {
      this.#message(value, 0, {
        session, calls, received, slot: reply, tooLarge: this.#tooLarge(session, text),
      });
    }
  }

  #tooLarge(session: Session, text: string | Uint8Array): Origin['tooLarge'] {
    if (session.transport === 'websocket' && largerThan(text, this.#limits.maxFrameBytes)) {
      return 'maxFrameBytes';
    }
    return largerThan(text, this.#limits.maxCallBytes) ? 'maxCallBytes' : undefined;
  }

  #batch(
    session: Session, calls: SessionCalls, values: readonly unknown[], text: string | Uint8Array,
    received: Received, reply: Reply,
  ): void {
    const refused = this.#batchError(values, session, text);
    if (refused !== undefined) {
      const waitMs = this.#rates.take(session, calls, received.at);
      this.#deny(reply, 0, null, waitMs > 0 ? rateLimited(waitMs) : refused);
      return;
    }
    const slot = new BatchAnswers(values.length, this.#limits.maxAnswerBytes, reply, this.#log);
    const one: Origin = { session, calls, received, slot, tooLarge: undefined };
    const large: Origin = { ...one, tooLarge: 'maxCallBytes' };
    // Only a batch that is larger than a call may be can hold one that is.
    const anyLarge = largerThan(text, this.#limits.maxCallBytes);
    const seen = new Set<unknown>();
    for (const [index, value] of values.entries()) {
      const id = isObject(value) ? value.id : undefined;
      if (id !== undefined && id !== null && seen.has(id)) {
        this.#deny(slot, index, answerableId(value, this.#limits.maxIdBytes), idInFlight());
        continue;
      }
      seen.add(id);
      const isLarge = anyLarge && largerThan(JSON.stringify(value), this.#limits.maxCallBytes);
      this.#message(value, index, isLarge ? large : one);
    }
  }

  #batchError(
    values: readonly unknown[], session: Session, text: string | Uint8Array,
  ): RpcError | undefined {
    const { maxBatchCalls, maxFrameBytes } = this.#limits;
    // Section 6: an empty array is an invalid request, answered by one response and no array.
    if (values.length === 0) return new RpcError(code.invalidRequest, 'empty_batch');
    if (maxBatchCalls > 0 && values.length > maxBatchCalls) {
      return new RpcError(code.batchTooLarge, 'batch_too_large', { limit: 'maxBatchCalls' });
    }
    if (session.transport === 'websocket' && largerThan(text, maxFrameBytes)) {
      return new RpcError(code.requestTooLarge, 'frame_too_large', { limit: 'maxFrameBytes' });
    }
    return undefined;
  }

  #message(value: unknown, index: number, origin: Origin): void {
    const { session, calls, received, slot } = origin;
    const { maxIdBytes } = this.#limits;
    const waitMs = this.#rates.take(session, calls, received.at);
    if (!isObject(value) || !isRequest(value, maxIdBytes)) {
      // Section 3: a response is no request; nothing here asks, so none is waited for.
      if (isObject(value) && isResponse(value, maxIdBytes)) {
        put(slot, index, null, undefined);
        return;
      }
      const error = waitMs > 0 ? rateLimited(waitMs) : envelopeError(value, maxIdBytes);
      this.#deny(slot, index, answerableId(value, maxIdBytes), error);
      return;
    }
    const { method, id } = value;
    const prepared = this.#prepare(method);
    if (prepared === undefined && method === '$/cancelRequest' && id === undefined) {
      if (waitMs === 0) this.#cancel(calls, value.params);
      put(slot, index, null, undefined);
      return;
    }
    const error = waitMs > 0 ? rateLimited(waitMs) : this.#refuses(prepared, id, origin);
    if (prepared === undefined || error !== undefined) {
      this.#deny(slot, index, id, error ?? methodNotFound(), prepared?.figures);
      return;
    }
    this.#call(prepared, value, index, origin);
  }

  /** Why a call is not even looked at: in order of what costs least to find out. */
  #refuses(
    prepared: Prepared<App> | undefined, id: MessageId | undefined, origin: Origin,
  ): RpcError | undefined {
    const { session, calls, received } = origin;
    if (received.refused !== undefined) {
      return this.#core.toError(received.refused, prepared?.registered.method.name ?? 'unknown');
    }
    if (prepared === undefined) return methodNotFound();
    if (this.#refusal !== undefined) {
      return busy(this.#refusal.reason, this.#refusal.retryAfterMs);
    }
    if (this.#lag.overloaded(received.at)) return busy('overloaded', overloadRetryMs);
    const { access, needsPush, large } = prepared.registered.method;
    if (access === 'identity' && session.identity === undefined) return unauthenticated('missing');
    if (needsPush === true && !session.canPush) return new RpcError(code.forbidden, 'needs_push');
    if (origin.tooLarge === 'maxFrameBytes' || (origin.tooLarge !== undefined && large !== true)) {
      return new RpcError(code.requestTooLarge, 'call_too_large', { limit: origin.tooLarge });
    }
    const { maxInFlightCalls } = this.#limits;
    if (maxInFlightCalls > 0 && calls.open >= maxInFlightCalls) {
      return new RpcError(code.rateLimited, 'too_many_in_flight', {
        limit: 'maxInFlightCalls', retryAfterMs: overloadRetryMs,
      });
    }
    const known = id !== undefined && id !== null && calls.find(id) !== undefined;
    return known ? idInFlight() : undefined;
  }

  #call(prepared: Prepared<App>, request: Request, index: number, origin: Origin): void {
    const { session, calls, received, slot } = origin;
    const params = paramsOf(prepared.registered, request);
    const fault = params instanceof RpcError ? params : prepared.registered.check(params);
    if (fault !== undefined) {
      this.#deny(slot, index, request.id, fault, prepared.figures);
      return;
    }
    const lifeMs = this.#limits.deadlineMs === 0 ? Infinity : this.#limits.deadlineMs;
    const askedMs = received.deadlineMs ?? session.deadlineMs ?? Infinity;
    const deadlineAt = received.at + Math.min(askedMs, lifeMs);
    new ActiveCall(
      this.#core, prepared, session, calls, request.id, params, received.at, deadlineAt, slot,
      index,
    ).begin();
  }

  #prepare(method: string): Prepared<App> | undefined {
    const known = this.#prepared.get(method);
    if (known !== undefined) return known;
    const registered = this.#registry.find(method);
    if (registered === undefined) return undefined;
    this.#core.server.addMethodAdvanced(method, answerLater);
    const prepared: Prepared<App> = {
      registered,
      run: compose(this.#interceptors, registered.handle),
      figures: this.#metrics.of(method),
    };
    this.#prepared.set(method, prepared);
    return prepared;
  }

  #cancel(calls: SessionCalls, params: unknown): void {
    const id: unknown = Array.isArray(params) ? params[0] : isObject(params) ? params.id : null;
    if (typeof id === 'string' || typeof id === 'number') calls.find(id)?.cancel();
  }

  /** Answers an error without a call; id undefined: nothing, since it is a notification. */
  #deny(
    slot: AnswerSlot | Reply, index: number, id: MessageId | undefined, error: RpcError,
    figures: MethodFigures = this.#metrics.unknown,
  ): void {
    figures.count(error.code, 0);
    put(slot, index, id ?? null, id === undefined ? undefined : errorText(id, error));
  }
}

/**
 * The dispatcher of a registry; give it to the transports, or to {@link connectLocal}.
 * Only a registry, an application, clock, log and metrics are needed: rpc can be used alone.
 */
export const createDispatcher = <App>(options: DispatcherOptions<App>): Dispatcher =>
  new CallDispatcher(options);
