import { closeCode, type CloseCode } from './close.js';
import type { Identity } from './identity.js';
import { notificationText } from './message.js';
import { PushSession } from './push-session.js';
import { RateState, take } from './rate.js';
import type { SendOutcome } from './session.js';
import { closeCodeOf, reasonOf, type Transport } from './transport.js';
import { textOf, type WebSocket } from './uws.js';

/** What hangs on a socket. */
export interface SocketData {
  readonly session: WebSocketSession;
  /** Whose token came with the upgrade, until the socket is open. */
  identity: Identity | undefined;
}

/** The session whose frame is being handled: the library has corked its socket. */
let corked: WebSocketSession | undefined;

/** A WebSocket. */
export class WebSocketSession extends PushSession {
  #socket: WebSocket<SocketData> | undefined;
  /** Monotonic ms of the last sign of life. */
  #heardAt: number;
  #pinged = false;
  /** Monotonic ms by which it must have authenticated. */
  #authenticateBy: number;
  /** Counted among those of its address that have no identity. */
  #anonymous = false;
  /** Frames that came before the sign-in was through. */
  #held: string[] | undefined;
  #pings: RateState | undefined;

  /** @param identity whose token came with the upgrade, verified */
  constructor(shared: Transport, address: string, identity: Identity | undefined) {
    super(shared, address);
    this.#heardAt = shared.clock.monotonic();
    const { authTimeoutMs } = shared.limits;
    const waits = identity === undefined && authTimeoutMs !== 0;
    this.#authenticateBy = waits ? this.#heardAt + authTimeoutMs : Infinity;
    if (identity === undefined) this.#countAnonymous(true);
  }

  get transport(): 'websocket' {
    return 'websocket';
  }

  /** The handshake is done. */
  opened(socket: WebSocket<SocketData>, identity: Identity | undefined): void {
    this.#socket = socket;
    this.begin();
    if (identity === undefined) return;
    this.#held = [];
    this.shared.host.signIn(this, identity).then(() => this.#release(), (error: unknown) => {
      if (closeCodeOf(error) === closeCode.restart) {
        this.shared.log.warn({ err: error, session: this.id }, 'a sign-in failed');
      }
      this.close(closeCodeOf(error), reasonOf(error));
    });
  }

  /** @param bytes valid until this returns */
  received(bytes: ArrayBuffer, binary: boolean): void {
    if (this.closing) return;
    const at = this.shared.clock.monotonic();
    this.heard(at);
    if (binary) {
      this.close(closeCode.protocol, 'binary');
    } else if (this.#held !== undefined) {
      this.#hold(bytes);
    } else {
      corked = this;
      try {
        this.#take(new Uint8Array(bytes), at);
      } finally {
        corked = undefined;
      }
    }
  }

  heard(at: number): void {
    this.#heardAt = at;
    this.#pinged = false;
  }

  /** A ping, which the library has answered. A flood of them is no sign of life. */
  ping(): void {
    const at = this.shared.clock.monotonic();
    this.heard(at);
    const { callsPerSecond, callsBurst } = this.shared.limits;
    const verdict = take(this.#pings ??= new RateState(), callsPerSecond, callsBurst, at);
    if (verdict !== 0) this.close(closeCode.flood, 'ping_flood');
  }

  notify(method: string, params: string): SendOutcome {
    return this.sendText(notificationText(method, params));
  }

  sendText(frame: string): SendOutcome {
    if (this.closing || this.#socket === undefined) return 'dropped';
    return corked === this ? this.outbox.sendNow(frame) : this.outbox.send(frame);
  }

  join(topic: string): void {
    if (this.closing) return;
    this.joined = true;
    this.#socket?.subscribe(topic);
  }

  leave(topic: string): void {
    if (!this.closing) this.#socket?.unsubscribe(topic);
  }

  write(frames: readonly string[]): SendOutcome {
    const socket = this.#socket;
    const [first] = frames;
    if (socket === undefined || first === undefined) return 'dropped';
    if (frames.length === 1) return outcomes[socket.send(first)] ?? 'dropped';
    let outcome: SendOutcome = 'sent';
    socket.cork(() => {
      for (const frame of frames) {
        const one = outcomes[socket.send(frame)] ?? 'dropped';
        if (one === 'dropped' || outcome === 'sent') outcome = one;
      }
    });
    return outcome;
  }

  pendingBytes(): number {
    return this.closing ? 0 : this.#socket?.getBufferedAmount() ?? 0;
  }

  blocked(): boolean {
    return false;
  }

  /** The kernel took something of what waited. */
  drainedSome(): void {
    if (!this.closing) this.outbox.writable();
  }

  /** The socket is gone; it must not be touched any more: the library throws. */
  closed(): void {
    this.beginClosing();
    this.#socket = undefined;
    this.#held = undefined;
    this.#countAnonymous(false);
    this.gone();
  }

  protected override identityChanged(): void {
    super.identityChanged();
    const anonymous = this.identity === undefined;
    if (!anonymous) this.#authenticateBy = Infinity;
    if (!this.closing) this.#countAnonymous(anonymous);
  }

  protected dueOwn(nowMs: number): number {
    if (nowMs >= this.#authenticateBy) {
      this.close(closeCode.unauthenticated, 'missing');
      return Infinity;
    }
    const { idleTimeoutMs } = this.shared.limits;
    if (idleTimeoutMs === 0) return this.#authenticateBy;
    const silentMs = nowMs - this.#heardAt;
    if (silentMs >= idleTimeoutMs) {
      this.close(closeCode.noPong, 'no_pong');
      return Infinity;
    }
    if (silentMs >= idleTimeoutMs / 2 && !this.#pinged) {
      this.#pinged = true;
      this.#socket?.ping();
    }
    const next = this.#heardAt + (this.#pinged ? idleTimeoutMs : idleTimeoutMs / 2);
    return Math.min(next, this.#authenticateBy);
  }

  protected hangUp(code: CloseCode, reason: string): void {
    const socket = this.#socket;
    // Marked as closing, nothing is queued any more; what was queued goes before the close frame.
    this.outbox.flush();
    this.#socket = undefined;
    socket?.end(code, reason);
  }

  #take(text: string | Uint8Array, at: number): void {
    const { deadlineMs } = this;
    const received = deadlineMs === undefined ? { at } : { at, deadlineMs };
    this.shared.dispatcher.receive(this, text, received, this.#reply);
  }

  readonly #reply = (answer: string | undefined): void => {
    if (answer !== undefined) this.sendText(answer);
  };

  #hold(bytes: ArrayBuffer): void {
    const held = this.#held ?? [];
    const { maxInFlightCalls } = this.shared.limits;
    if (maxInFlightCalls !== 0 && held.length >= maxInFlightCalls) {
      this.close(closeCode.flood, 'before_sign_in');
      return;
    }
    held.push(textOf(bytes));
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const text of held ?? []) {
      if (this.closing) return;
      this.#take(text, this.shared.clock.monotonic());
    }
  }

  #countAnonymous(anonymous: boolean): void {
    if (anonymous === this.#anonymous) return;
    this.#anonymous = anonymous;
    if (anonymous) this.shared.anonymous.add(this.address);
    else this.shared.anonymous.remove(this.address);
  }
}

/** What the library's send answers. */
const outcomes: readonly SendOutcome[] = ['buffered', 'sent', 'dropped'];
