import type { IdSource } from '../base/ids.js';
import type { CloseCode } from './close.js';
import type { Identity } from './identity.js';
import type { SendOutcome, Session, TransportName } from './session.js';
import type { SessionCalls } from './session-calls.js';

/**
 * What every session shares, whatever carries it: its id, who is calling, and what must run when
 * it ends. A transport adds the writing. Few fields, lists made when first needed: an idle
 * connection costs little (performance.md).
 */
export abstract class SessionBase implements Session {
  abstract readonly transport: TransportName;
  abstract readonly canPush: boolean;
  /** Calls of this session; the dispatcher's alone. */
  calls: SessionCalls | undefined;
  deadlineMs: number | undefined;
  /** Free for the transport. */
  data: unknown;
  readonly #ids: IdSource;
  #id: string | undefined;
  #address: string | undefined;
  #identity: Identity | undefined;
  #closing = false;
  #ended = false;
  #atEnd: (() => void)[] | undefined;

  /**
   * @param ids where the unguessable session id comes from
   * @param address the peer's address, after trusted proxies; {@link findAddress} where absent
   */
  constructor(ids: IdSource, address?: string) {
    this.#ids = ids;
    this.#address = address;
  }

  /** Made at its first reading: most plain HTTP calls never ask, and randomness costs. */
  get id(): string {
    return this.#id ??= this.#ids(16);
  }

  get address(): string {
    return this.#address ??= this.findAddress();
  }

  /** For a transport that gave no address: finds it at its first reading. */
  protected findAddress(): string {
    return '';
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  get closing(): boolean {
    return this.#closing;
  }

  identify(identity: Identity | undefined): void {
    this.#identity = identity;
    this.identityChanged(identity);
  }

  onEnd(run: () => void): void {
    if (this.#ended) run();
    else (this.#atEnd ??= []).push(run);
  }

  /** For the transport: expiry timers and the like follow the identity. */
  protected identityChanged(_identity: Identity | undefined): void {
    // Nothing of its own to do.
  }

  /** Closing has begun: nothing more is written. Answers false when it had begun before. */
  protected beginClosing(): boolean {
    if (this.#closing) return false;
    this.#closing = true;
    return true;
  }

  /** The connection is gone: runs what waits for it, once, each even if another throws. */
  protected end(): void {
    this.#closing = true;
    if (this.#ended) return;
    this.#ended = true;
    const runs = this.#atEnd;
    this.#atEnd = undefined;
    const faults: unknown[] = [];
    for (const run of runs ?? []) {
      try {
        run();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, 'session end');
  }

  abstract notify(method: string, params: string, eventId?: string): SendOutcome;
  abstract sendText(frame: string): SendOutcome;
  abstract join(topic: string): void;
  abstract leave(topic: string): void;
  abstract readonly bufferedBytes: number;
  abstract drained(): Promise<void>;
  abstract close(code: CloseCode, reason: string): void;
}
