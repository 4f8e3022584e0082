import type { CloseCode } from './close.js';
import type { Received } from './dispatcher.js';
import { Head, isJsonType, refuse, writeOrigin, type Refusal } from './head.js';
import type { Identity } from './identity.js';
import { SessionBase } from './session-base.js';
import type { SendOutcome, Session } from './session.js';
import { addressOf, whoCalls, type Transport } from './transport.js';
import type { HttpRequest, HttpResponse } from './uws.js';

/** What of a declared length is read and thrown away, so that the caller sees the refusal. */
const discardableBytes = 64 * 1024 * 1024;

/** Takes one POST. */
export function post(shared: Transport, response: HttpResponse, request: HttpRequest): void {
  const head = new Head(request);
  const refusal = refusalOfHead(shared, head);
  if (refusal !== undefined) {
    shared.count('refused', refusal.reason);
    const origin = refusal.reason === 'origin' ? '' : head.origin;
    refuse(response, refusal, origin);
    return;
  }
  const call = new HttpCall(shared, response, head);
  response.onAborted(() => call.aborted());
  response.onData((chunk, last) => call.received(chunk, last));
}

/** Whether a request may be read at all, from its headers. */
function refusalOfHead(shared: Transport, head: Head): Refusal | undefined {
  if (head.conflicting) return { status: 400, reason: 'length_headers', closeConnection: true };
  const { maxBodyBytes } = shared.limits;
  const length = head.contentLength === '' ? 0 : Number(head.contentLength);
  // The library finds the end of what comes by its length, or not at all: then it must close.
  const closeConnection = length > discardableBytes || head.chunked;
  if (!shared.origins.allows(head.origin)) {
    return { status: 403, reason: 'origin', closeConnection };
  }
  if (maxBodyBytes !== 0 && length > maxBodyBytes) {
    return { status: 413, reason: 'body_too_large', closeConnection };
  }
  if (!isJsonType(head.contentType)) {
    return { status: 415, reason: 'content_type', closeConnection };
  }
  if (head.contentEncoding !== '' && head.contentEncoding !== 'identity') {
    return { status: 415, reason: 'content_encoding', closeConnection };
  }
  if (head.deadlineMs !== '' && !/^[1-9]\d{0,9}$/.test(head.deadlineMs)) {
    return { status: 400, reason: 'deadline', closeConnection };
  }
  return undefined;
}

/** The event stream of this name, if it is here and the caller's. */
export function streamOf(
  shared: Pick<Transport, 'streams'>, name: string,
  caller: Pick<Identity, 'user' | 'tenant'> | undefined,
): Session | undefined {
  const session = shared.streams.get(name);
  const owner = session?.identity;
  const own = owner !== undefined && owner.user === caller?.user && owner.tenant === caller.tenant;
  return own ? session : undefined;
}

/** One POST: its body, its answer, and the session that lives as long as both. */
class HttpCall extends SessionBase {
  readonly #shared: Transport;
  readonly #head: Head;
  readonly #at: number;
  /** Undefined once answered or aborted: then it must not be touched. */
  #response: HttpResponse | undefined;
  #parts: Buffer[] | undefined;
  #bytes = 0;
  /** The library has corked the response: its handler is running. */
  #corked = false;

  constructor(shared: Transport, response: HttpResponse, head: Head) {
    super(shared.ids);
    this.#shared = shared;
    this.#head = head;
    this.#response = response;
    this.#at = shared.clock.monotonic();
  }

  get transport(): 'http' {
    return 'http';
  }

  get canPush(): boolean {
    return false;
  }

  get bufferedBytes(): number {
    return 0;
  }

  /** @param chunk valid until this returns */
  received(chunk: ArrayBuffer, last: boolean): void {
    if (this.#response === undefined) return;
    this.#bytes += chunk.byteLength;
    const { maxBodyBytes } = this.#shared.limits;
    if (maxBodyBytes !== 0 && this.#bytes > maxBodyBytes) {
      // Only a body without a declared length comes here, and it may have no end.
      this.#refuse({ status: 413, reason: 'body_too_large', closeConnection: true });
      return;
    }
    if (!last) {
      (this.#parts ??= []).push(Buffer.from(Buffer.from(chunk)));
      return;
    }
    const body = new Uint8Array(chunk);
    this.#corked = true;
    try {
      this.#identifyThenRun(
        this.#parts === undefined ? body : Buffer.concat([...this.#parts, body]),
      );
    } finally {
      this.#corked = false;
    }
  }

  /** The caller went away. */
  aborted(): void {
    this.#response = undefined;
    this.#parts = undefined;
    this.#shared.dispatcher.sessionEnded(this);
    this.#finish();
  }

  close(_code: CloseCode, _reason: string): void {
    // Ends with its answer; there is nothing to say before.
  }

  notify(): SendOutcome {
    return 'dropped';
  }

  sendText(): SendOutcome {
    return 'dropped';
  }

  join(): void {
    // Nothing can be pushed here.
  }

  leave(): void {
    // Never joined.
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  protected override findAddress(): string {
    return this.#response === undefined
      ? '' : addressOf(this.#shared, this.#response, this.#head);
  }

  /** @param body perhaps of the library: copied before anything is waited for */
  #identifyThenRun(body: Uint8Array): void {
    let who: Identity | undefined | Promise<Identity>;
    try {
      who = whoCalls(this.#shared, this.#head);
      if (who !== undefined && !(who instanceof Promise)) who = this.#shared.host.admit(who);
    } catch (error) {
      this.#run(body, undefined, error);
      return;
    }
    if (!(who instanceof Promise)) {
      this.#run(body, who, undefined);
      return;
    }
    const kept = Buffer.from(body);
    who.then((identity) => this.#shared.host.admit(identity)).then(
      (identity) => this.#run(kept, identity, undefined),
      (error: unknown) => this.#run(kept, undefined, error),
    );
  }

  /** @param refused why the token was refused, which is then the answer of every call */
  #run(body: Uint8Array, identity: Identity | undefined, refused: unknown): void {
    if (this.#response === undefined) return;
    if (identity !== undefined) this.identify(identity);
    const session = refused === undefined ? this.#target(identity) : this;
    if (session === undefined) this.#elsewhere(body, identity);
    else {
      this.#shared.dispatcher.receive(
        session, body, this.#received(session, refused), (answer) => this.#answer(answer),
      );
    }
  }

  #received(session: Session, refused: unknown): Received {
    const at = this.#at;
    if (refused !== undefined) return { at, refused };
    const asked = this.#head.deadlineMs;
    if (asked === '' && session.deadlineMs === undefined) return { at };
    const own = asked === '' ? Infinity : Number(asked);
    return { at, deadlineMs: Math.min(own, session.deadlineMs ?? Infinity) };
  }

  /** The session that the calls act on: this one, or the event stream that was named. */
  #target(identity: Identity | undefined): Session | undefined {
    const name = this.#head.session;
    return name === '' ? this : streamOf(this.#shared, name, identity);
  }

  /** The stream is not here: perhaps on another node. */
  #elsewhere(body: Uint8Array, identity: Identity | undefined): void {
    // The same words for one that is not there and for somebody else's (G11).
    const unknown = (): void => this.#refuse({ status: 409, reason: 'unknown_session' });
    const { relay } = this.#shared;
    if (relay === undefined || identity === undefined) {
      unknown();
      return;
    }
    const { user, tenant } = identity;
    const { deadlineMs } = this.#received(this, undefined);
    relay({
      session: this.#head.session, user, tenant, body: Buffer.from(body).toString(),
      ...(deadlineMs !== undefined && { deadlineMs }),
    }).then((passed) => {
      if (passed === 'unknown') unknown();
      else this.#answer(passed.answer);
    }, (error: unknown) => {
      this.#shared.log.warn({ err: error }, 'calls could not be passed on to their stream');
      unknown();
    });
  }

  #answer(text: string | undefined): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#response = undefined;
    if (this.#corked) this.#write(response, text);
    else response.cork(() => this.#write(response, text));
    this.#finish();
  }

  #write(response: HttpResponse, text: string | undefined): void {
    if (text === undefined) {
      response.writeStatus('204 No Content');
      writeOrigin(response, this.#head.origin);
      response.endWithoutBody();
      return;
    }
    writeOrigin(response, this.#head.origin);
    response.writeHeader('content-type', 'application/json').end(text);
  }

  #refuse(refusal: Refusal): void {
    const response = this.#response;
    if (response === undefined) return;
    this.#response = undefined;
    this.#parts = undefined;
    this.#shared.count('refused', refusal.reason);
    refuse(response, refusal, this.#head.origin);
    this.#finish();
  }

  #finish(): void {
    try {
      this.end();
    } catch (error) {
      this.#shared.log.error({ err: error }, 'a call did not end cleanly');
    }
  }
}
