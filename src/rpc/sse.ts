import { closeCode, type CloseCode } from './close.js';
import { unauthenticated } from './errors.js';
import { refuse, writeOrigin, type Head, type Refusal } from './head.js';
import { notificationText } from './message.js';
import { PushSession } from './push-session.js';
import type { SendOutcome } from './session.js';
import {
  addressOf, closeCodeOf, reasonOf, refusalOf, whoCalls, type Transport,
} from './transport.js';
import type { HttpResponse } from './uws.js';

/** Comments that keep intermediaries from giving a silent stream up. */
const heartbeatMs = 15_000;

/** What a close before the stream began is as an HTTP status. */
const statusOf: Readonly<Partial<Record<CloseCode, number>>> = {
  [closeCode.unauthenticated]: 401,
  [closeCode.forbidden]: 403,
  [closeCode.tooManyConnections]: 429,
};

/**
 * Opens a stream of server-sent events (HTML, 9.2): a session of its own.
 * @param head of a GET whose Origin may call and that accepts text/event-stream
 */
export function openStream(shared: Transport, response: HttpResponse, head: Head): void {
  const address = addressOf(shared, response, head);
  const stream = new EventStream(shared, response, address, head.origin);
  response.onAborted(() => stream.aborted());
  stream.open(head).catch((error: unknown) => stream.refused(error));
}

/** An event stream. Its calls come by POST, which name it. */
class EventStream extends PushSession {
  readonly #origin: string;
  #response: HttpResponse | undefined;
  /** Headers were written: from here on it is a stream and no longer an answer. */
  #open = false;
  /** Bytes of the last write that the kernel did not take whole. */
  #pending = 0;
  #beatAt = 0;
  #topics: Set<string> | undefined;

  constructor(shared: Transport, response: HttpResponse, address: string, origin: string) {
    super(shared, address);
    this.#response = response;
    this.#origin = origin;
  }

  get transport(): 'sse' {
    return 'sse';
  }

  /** Signs in, then streams. What is pushed meanwhile waits in the outbox. */
  async open(head: Head): Promise<void> {
    const who = await whoCalls(this.shared, head);
    if (who === undefined) throw unauthenticated('missing');
    if (this.closing) return;
    this.begin();
    await this.shared.host.signIn(this, who);
    if (this.closing) return;
    this.#start();
    this.shared.streams.set(this.id, this);
    const { lastEventId } = head;
    await this.shared.host.streamOpened(this, lastEventId === '' ? undefined : lastEventId);
  }

  /** Could not be opened. */
  refused(error: unknown): void {
    const response = this.#response;
    if (response === undefined) return;
    if (this.#open) this.close(closeCodeOf(error), reasonOf(error));
    else this.#refuse(response, refusalOf(this.shared, error));
  }

  notify(method: string, params: string, eventId?: string): SendOutcome {
    return this.#event(notificationText(method, params), eventId);
  }

  sendText(frame: string): SendOutcome {
    return this.#event(frame, undefined);
  }

  join(topic: string): void {
    if (this.closing) return;
    (this.#topics ??= new Set()).add(topic);
    this.shared.topics.add(topic, this);
  }

  leave(topic: string): void {
    this.#topics?.delete(topic);
    this.shared.topics.remove(topic, this);
  }

  write(frames: readonly string[]): SendOutcome {
    const response = this.#response;
    if (response === undefined) return 'dropped';
    const text = frames.length === 1 ? frames[0] ?? '' : frames.join('');
    let whole = true;
    response.cork(() => { whole = response.write(text); });
    this.#pending = whole ? 0 : Buffer.byteLength(text);
    this.#beatAt = this.shared.clock.monotonic();
    return whole ? 'sent' : 'buffered';
  }

  pendingBytes(): number {
    return this.#pending;
  }

  blocked(): boolean {
    return !this.#open || this.#pending > 0;
  }

  /** The caller went away. */
  aborted(): void {
    this.#response = undefined;
    this.beginClosing();
    this.#ended();
  }

  protected dueOwn(nowMs: number): number {
    if (!this.#open) return nowMs + heartbeatMs;
    if (nowMs - this.#beatAt >= heartbeatMs && !this.blocked()) {
      this.outbox.send(':\n\n');
      this.#beatAt = nowMs;
    }
    return this.#beatAt + heartbeatMs;
  }

  /** A stream has no close codes: the comment is for people, the end for the client. */
  protected hangUp(code: CloseCode, reason: string): void {
    const response = this.#response;
    if (response === undefined) return;
    if (!this.#open) {
      this.#refuse(response, { status: statusOf[code] ?? 503, reason });
      return;
    }
    this.outbox.flush();
    this.#response = undefined;
    response.cork(() => response.end(`: closed ${code} ${reason}\n\n`));
    this.#ended();
  }

  #event(frame: string, eventId: string | undefined): SendOutcome {
    if (this.closing) return 'dropped';
    return this.outbox.send(eventId === undefined
      ? `data: ${frame}\n\n` : `id: ${eventId}\ndata: ${frame}\n\n`);
  }

  #start(): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#open = true;
    const at = this.shared.clock.now();
    const opened = notificationText('session.opened', JSON.stringify({ at, session: this.id }));
    response.cork(() => {
      writeOrigin(response, this.#origin);
      response.writeHeader('content-type', 'text/event-stream');
      response.writeHeader('cache-control', 'no-store');
      response.writeHeader('x-accel-buffering', 'no');
      response.write(`data: ${opened}\n\n`);
    });
    this.#beatAt = this.shared.clock.monotonic();
    this.dueAt = 0;
    response.onWritable(() => {
      this.#writable(response);
      return true;
    });
    this.outbox.writable();
  }

  /**
   * The kernel takes bytes again. With this handler in place the library empties its own buffer
   * only when something is written, and says then whether it is empty: a blank line does nothing
   * in a stream of events.
   */
  #writable(response: HttpResponse): void {
    if (this.closing || this.#pending === 0) return;
    if (!response.write('\n')) return;
    this.#pending = 0;
    this.outbox.writable();
  }

  #refuse(response: HttpResponse, refusal: Refusal): void {
    this.#response = undefined;
    this.beginClosing();
    this.shared.count('refused', refusal.reason);
    refuse(response, refusal, this.#origin);
    this.#ended();
  }

  #ended(): void {
    for (const topic of this.#topics ?? []) this.shared.topics.remove(topic, this);
    this.#topics = undefined;
    this.shared.streams.delete(this.id);
    this.gone();
  }
}
