import { closeCode, type CloseCode } from './close.js';
import type { Kept } from './keeper.js';
import { Outbox, type Wire } from './outbox.js';
import { SessionBase } from './session-base.js';
import type { SendOutcome, TransportName } from './session.js';
import type { Transport } from './transport.js';

/** How long, at most, until an expiry is looked at again: the wall clock may be set meanwhile. */
const lookAgainMs = 10_000;

/**
 * A connection that can be pushed to: its outbox, its expiry, its end. What carries it adds the
 * wire.
 */
export abstract class PushSession extends SessionBase implements Wire, Kept {
  abstract override readonly transport: TransportName;
  dueAt = 0;
  /** Whether it ever joined a topic: only then can others fill its wire. */
  joined = false;
  protected readonly shared: Transport;
  protected readonly outbox: Outbox;
  #noticed = false;

  constructor(shared: Transport, address: string) {
    super(shared.ids, address);
    this.shared = shared;
    this.outbox = new Outbox(this, shared.turn, shared.limits.maxOutboundBytes);
  }

  get canPush(): boolean {
    return true;
  }

  get bufferedBytes(): number {
    return this.outbox.bufferedBytes;
  }

  drained(): Promise<void> {
    return this.outbox.drained();
  }

  /** After topics were published to: gives up a reader that they have left behind. */
  checkReader(): void {
    if (this.joined && !this.closing) this.outbox.checkLimit();
  }

  tooSlow(): void {
    this.close(closeCode.slowReader, 'slow_reader');
  }

  due(nowMs: number): void {
    let dueAt = this.dueExpiry(nowMs);
    if (!this.closing) dueAt = Math.min(dueAt, this.dueOwn(nowMs));
    this.dueAt = dueAt;
  }

  close(code: CloseCode, reason: string): void {
    if (!this.beginClosing()) return;
    this.shared.count('closed', reason);
    this.hangUp(code, reason);
  }

  protected override identityChanged(): void {
    this.#noticed = false;
    this.dueAt = 0;
  }

  /** Counts among the connections from here on. */
  protected begin(): void {
    this.shared.sessions.add(this);
    this.shared.keeper.add(this);
  }

  /** The connection is gone, whoever ended it. */
  protected gone(): void {
    this.shared.sessions.delete(this);
    this.shared.keeper.delete(this);
    this.outbox.end();
    this.shared.dispatcher.sessionEnded(this);
    try {
      this.end();
    } catch (error) {
      this.shared.log.error({ err: error, session: this.id }, 'a session did not end cleanly');
    }
  }

  /** Announces the expiry of the identity, then closes (protocol.md, Who is calling). */
  private dueExpiry(nowMs: number): number {
    const expiresAt = this.identity?.expiresAt ?? Infinity;
    if (expiresAt === Infinity) return Infinity;
    const at = this.shared.clock.now();
    if (at >= expiresAt) {
      this.close(closeCode.unauthenticated, 'expired');
      return Infinity;
    }
    const noticeAt = expiresAt - this.shared.limits.expiryNoticeMs;
    if (at >= noticeAt && !this.#noticed) {
      this.#noticed = true;
      this.notify('session.expiring', JSON.stringify({ at, expiresAt }));
    }
    const next = this.#noticed ? expiresAt : noticeAt;
    return nowMs + Math.min(next - at, lookAgainMs);
  }

  /** What else is due, and when next; monotonic ms. */
  protected abstract dueOwn(nowMs: number): number;
  /** Hands over what is queued and ends the connection. */
  protected abstract hangUp(code: CloseCode, reason: string): void;

  abstract write(frames: readonly string[]): SendOutcome;
  abstract pendingBytes(): number;
  abstract blocked(): boolean;
}
