import {
  JSONRPCServer, createJSONRPCErrorResponse, createJSONRPCSuccessResponse, type JSONRPCResponse,
} from 'json-rpc-2.0';
import type { Clock } from '../base/clock.js';
import type { Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import { WheelEntry, type Wheel } from '../base/wheel.js';
import type { Turnstile, Waiting } from './admission.js';
import { runAfters, type AnswerSlot, type Reply } from './answers.js';
import type { MethodFigures } from './call-metrics.js';
import { largerThan } from './codec.js';
import { RpcError, busy, code, unauthenticated } from './errors.js';
import type { Identity } from './identity.js';
import type { Run } from './interceptors.js';
import { errorText, resultText, type ErrorObject, type MessageId } from './message.js';
import type { Call } from './method.js';
import type { RegisteredMethod } from './registry.js';
import type { OpenCall, SessionCalls } from './session-calls.js';
import type { Session, TransportName } from './session.js';

/** What all calls of a dispatcher share. */
export interface CallCore<App> {
  readonly app: App;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wheel: Wheel;
  readonly turnstile: Turnstile;
  readonly server: JSONRPCServer<Pending>;
  readonly toError: (error: unknown, method: string) => RpcError;
  /** Calls that run or wait. */
  open: number;
}

/** A method as the dispatcher calls it. */
export interface Prepared<App> {
  readonly registered: RegisteredMethod<App>;
  readonly run: Run<App>;
  readonly figures: MethodFigures;
}

/** A call whose handler answers later, as json-rpc-2.0 sees it. */
export interface Pending {
  readonly outcome: PromiseLike<unknown>;
  readonly toError: (error: unknown) => RpcError;
}

/** How json-rpc-2.0 answers a call: its helpers build the response, our table the error. */
export const answerLater = (
  request: { id?: MessageId }, { outcome, toError }: Pending,
): PromiseLike<JSONRPCResponse> => outcome.then(
  (result) => createJSONRPCSuccessResponse(request.id ?? null, result),
  (error: unknown) => {
    const { code: number, message, data } = toError(error);
    return createJSONRPCErrorResponse(request.id ?? null, number, message, data);
  },
);

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value
  && typeof value.then === 'function';

type State = 'waiting' | 'running' | 'handedOn' | 'answered';

const retryAfterMs = 1_000;

/** One call from its checked params to its one answer. */
export class ActiveCall<App> implements Call<App>, OpenCall, Waiting {
  readonly session: Session;
  readonly deadlineAt: number;
  readonly #core: CallCore<App>;
  readonly #prepared: Prepared<App>;
  readonly #calls: SessionCalls;
  readonly #id: MessageId | undefined;
  readonly #params: unknown;
  readonly #receivedAt: number;
  readonly #slot: AnswerSlot | Reply;
  readonly #index: number;
  #identity: Identity | undefined;
  #state: State = 'waiting';
  #opened = false;
  #placed = false;
  #timer: WheelEntry | undefined;
  #abort: AbortController | undefined;
  #after: (() => void)[] | undefined;

  constructor(
    core: CallCore<App>, prepared: Prepared<App>, session: Session, calls: SessionCalls,
    id: MessageId | undefined, params: unknown, receivedAt: number, deadlineAt: number,
    slot: AnswerSlot | Reply, index: number,
  ) {
    this.#core = core;
    this.#prepared = prepared;
    this.session = session;
    this.#calls = calls;
    this.#id = id;
    this.#params = params;
    this.#receivedAt = receivedAt;
    this.deadlineAt = deadlineAt;
    this.#slot = slot;
    this.#index = index;
  }

  get app(): App {
    return this.#core.app;
  }

  get limits(): Readonly<Limits> {
    return this.#core.limits;
  }

  get transport(): TransportName {
    return this.session.transport;
  }

  get method(): string {
    return this.#prepared.registered.method.name;
  }

  get identity(): Identity {
    const identity = this.#identity;
    if (identity === undefined) throw unauthenticated('missing');
    return identity;
  }

  get signal(): AbortSignal {
    return (this.#abort ??= new AbortController()).signal;
  }

  handedOn(): void {
    if (this.#state === 'answered') throw new RpcError(code.cancelled, 'answered_already');
    this.#state = 'handedOn';
  }

  afterAnswer(run: () => void): void {
    if (this.#state === 'answered') runAfters([run], this.#core.log);
    else (this.#after ??= []).push(run);
  }

  /** Starts, or waits for a place, or is refused: the queue is full (G9). */
  begin(): void {
    if (this.#prepared.registered.method.waits === true) {
      this.#run();
    } else if (this.#core.turnstile.enter()) {
      this.start();
    } else if (this.#core.turnstile.wait(this)) {
      this.#open();
    } else {
      this.fail(busy('overloaded', retryAfterMs));
    }
  }

  /** A place is free, and this call has it. */
  start(): void {
    this.#placed = true;
    this.#run();
  }

  #run(): void {
    this.#state = 'running';
    const { method } = this.#prepared.registered;
    this.#identity = this.session.identity;
    let result: unknown;
    try {
      // It may have been taken away while this waited.
      if (method.access === 'identity' && this.#identity === undefined) {
        throw unauthenticated('missing');
      }
      result = this.#prepared.run(this, this.#params);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (isPromise(result)) this.#later(method.name, result);
    else this.succeed(result);
  }

  #later(method: string, outcome: PromiseLike<unknown>): void {
    // An answer may have been given while the handler ran: its outcome is nobody's then.
    if (this.#state !== 'answered') this.#open();
    const request = { jsonrpc: '2.0' as const, method, id: this.#id ?? null };
    const toError = (error: unknown): RpcError => this.#state === 'answered'
      ? new RpcError(code.cancelled, 'answered_already')
      : this.#core.toError(error, method);
    this.#core.server.receive(request, { outcome, toError }).then((response) => {
      if (response?.error === undefined) this.succeed(response?.result);
      else this.#failWith(response.error);
    }, (error: unknown) => this.fail(error));
  }

  succeed(result: unknown): void {
    if (this.#state === 'answered') return;
    if (this.#id === undefined) {
      this.#settle(undefined, 0);
      return;
    }
    let text: string;
    try {
      // Section 5: the member is REQUIRED on success, so nothing becomes null.
      text = result === undefined ? 'null' : JSON.stringify(result) ?? 'null';
    } catch (error) {
      this.fail(error);
      return;
    }
    if (largerThan(text, this.#core.limits.maxAnswerBytes)) {
      this.fail(new RpcError(code.answerTooLarge, 'answer_too_large', { limit: 'maxAnswerBytes' }));
    } else {
      this.#settle(resultText(this.#id, text), 0);
    }
  }

  fail(error: unknown): void {
    if (this.#state === 'answered') return;
    this.#failWith(this.#core.toError(error, this.method));
  }

  cancel(): void {
    if (this.#state === 'handedOn') return;
    this.#stop(new RpcError(code.cancelled, 'cancelled'));
  }

  abandon(): void {
    if (this.#state === 'handedOn') this.#abort?.abort();
    else this.cancel();
  }

  /** Trap 4: once handed on, only "unknown" is true; before, only "nothing happened". */
  #expire(): void {
    this.#stop(this.#state === 'handedOn'
      ? new RpcError(code.deadline, 'deadline', { retryAfterMs })
      : busy('expired', retryAfterMs));
  }

  #stop(error: RpcError): void {
    if (this.#state === 'answered') return;
    this.#failWith(error);
    // Made when it was asked for; who asks later is refused by handedOn.
    this.#abort?.abort(error);
  }

  #failWith(error: ErrorObject): void {
    // Section 4.1: a notification has no answer, not even an error; it is counted.
    this.#settle(this.#id === undefined ? undefined : errorText(this.#id, error), error.code);
  }

  #open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#core.open += 1;
    this.#calls.add(this.#id ?? null, this);
    if (this.deadlineAt === Infinity) return;
    this.#timer = new WheelEntry(() => this.#expire());
    this.#core.wheel.schedule(this.#timer, this.deadlineAt);
  }

  #settle(answer: string | undefined, number: number): void {
    if (this.#state === 'answered') return;
    const waited = this.#state === 'waiting';
    this.#state = 'answered';
    const { clock, wheel, turnstile, log } = this.#core;
    if (this.#opened) {
      this.#core.open -= 1;
      this.#calls.remove(this.#id ?? null, this);
      if (this.#timer !== undefined) wheel.cancel(this.#timer);
      if (waited) turnstile.forget(this);
    }
    this.#prepared.figures.count(number, clock.monotonic() - this.#receivedAt);
    const slot = this.#slot;
    if (typeof slot === 'function') {
      slot(answer);
      runAfters(this.#after, log);
    } else {
      slot.put(this.#index, this.#id ?? null, answer, this.#after);
    }
    // Last: the next one's answer comes after this one's.
    if (this.#placed) turnstile.leave();
  }
}
