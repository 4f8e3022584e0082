import type { Clock } from '../base/clock.js';
import { randomId, type IdSource } from '../base/ids.js';
import type { CloseCode } from './close.js';
import type { Dispatcher } from './dispatcher.js';
import { code, type ErrorData } from './errors.js';
import type { Identity } from './identity.js';
import { isObject, notificationText } from './message.js';
import { SessionBase } from './session-base.js';
import type { SendOutcome, TopicPublisher } from './session.js';

export interface LocalOptions {
  readonly clock: Clock;
  readonly ids?: IdSource;
  readonly identity?: Identity;
  /** Life of each call, in milliseconds. */
  readonly deadlineMs?: number;
  /** Receives every frame that is pushed: notifications, as JSON text. */
  readonly onFrame?: (frame: string) => void;
}

/** An error answer as the caller of {@link LocalSession.call} meets it. */
export class AnsweredError extends Error {
  override readonly name = 'AnsweredError';

  constructor(readonly code: number, message: string, readonly data: ErrorData | undefined) {
    super(message);
  }
}

/**
 * A session inside the process, for tests and for applications that call their own service: the
 * same dispatcher, the same text, no socket.
 */
export class LocalSession extends SessionBase {
  readonly transport = 'local';
  readonly canPush = true;
  readonly bufferedBytes = 0;
  /** The code it was closed with. */
  closedWith: CloseCode | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #topics: LocalTopics | undefined;
  readonly #options: LocalOptions;
  #lastId = 0;

  constructor(dispatcher: Dispatcher, options: LocalOptions, topics?: LocalTopics) {
    super(options.ids ?? randomId, 'local');
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#topics = topics;
    if (options.identity !== undefined) this.identify(options.identity);
  }

  /**
   * Sends one text, as a socket would.
   * @param deadlineMs life of its calls; the session's where absent
   * @returns the whole answer's text; undefined when there is none
   */
  send(
    text: string | Uint8Array, deadlineMs = this.#options.deadlineMs,
  ): Promise<string | undefined> {
    const at = this.#options.clock.monotonic();
    return new Promise((resolve) => {
      this.#dispatcher.receive(
        this, text, deadlineMs === undefined ? { at } : { at, deadlineMs }, resolve,
      );
    });
  }

  /**
   * Calls a method.
   * @returns its result
   * @throws AnsweredError with the answer's code, message and data
   */
  async call(method: string, params: unknown = {}, deadlineMs?: number): Promise<unknown> {
    this.#lastId += 1;
    const request = JSON.stringify({ jsonrpc: '2.0', method, params, id: this.#lastId });
    const answer: unknown = JSON.parse(await this.send(request, deadlineMs) ?? 'null');
    if (!isObject(answer)) throw new AnsweredError(code.internal, 'no answer', undefined);
    if (!isObject(answer.error)) return answer.result;
    const { code: number, message, data } = answer.error as AnsweredError;
    throw new AnsweredError(number, message, data);
  }

  /** Ends the session, as a client that goes away does. */
  disconnect(): void {
    this.#topics?.forget(this);
    this.#dispatcher.sessionEnded(this);
    this.end();
  }

  notify(method: string, params: string): SendOutcome {
    return this.sendText(notificationText(method, params));
  }

  sendText(frame: string): SendOutcome {
    if (this.closing) return 'dropped';
    this.#options.onFrame?.(frame);
    return 'sent';
  }

  join(topic: string): void {
    this.#topics?.join(topic, this);
  }

  leave(topic: string): void {
    this.#topics?.leave(topic, this);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  close(closeCode: CloseCode): void {
    if (!this.beginClosing()) return;
    this.closedWith = closeCode;
    this.disconnect();
  }
}

/** Topics of the sessions inside this process. */
export class LocalTopics implements TopicPublisher {
  readonly #members = new Map<string, Set<LocalSession>>();

  join(topic: string, session: LocalSession): void {
    const members = this.#members.get(topic) ?? new Set();
    this.#members.set(topic, members.add(session));
  }

  leave(topic: string, session: LocalSession): void {
    const members = this.#members.get(topic);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(topic);
  }

  forget(session: LocalSession): void {
    for (const topic of [...this.#members.keys()]) this.leave(topic, session);
  }

  publish(topic: string, method: string, params: string): void {
    const frame = notificationText(method, params);
    for (const session of this.#members.get(topic) ?? []) session.sendText(frame);
  }
}

/** Opens a session on a dispatcher without a socket. */
export const connectLocal = (
  dispatcher: Dispatcher, options: LocalOptions, topics?: LocalTopics,
): LocalSession => new LocalSession(dispatcher, options, topics);
