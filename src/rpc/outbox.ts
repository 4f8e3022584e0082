import type { SendOutcome } from './session.js';

/** Where an outbox writes: one connection. */
export interface Wire {
  /**
   * Takes frames in order, in one write to the kernel where it can.
   * @returns `buffered` when not all of it reached the kernel, `dropped` when a frame was refused
   */
  write(frames: readonly string[]): SendOutcome;
  /** Bytes that {@link write} took and the kernel did not. */
  pendingBytes(): number;
  /** True while frames must wait in the outbox until {@link Outbox.writable}. */
  blocked(): boolean;
  /** The reader is too slow: more waits than may (4508). Called at most once. */
  tooSlow(): void;
}

/**
 * The outboxes that have something to write when this turn of the event loop ends: whatever a
 * turn's calls, commits and events queue for one connection leaves in one write.
 */
export class Turn {
  #waiting: Outbox[] = [];
  #scheduled = false;
  readonly #schedule: (run: () => void) => void;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** @param schedule runs once when the turn is over; a test runs it by hand */
  constructor(schedule: (run: () => void) => void = setImmediate) {
    this.#schedule = schedule;
  }

  add(outbox: Outbox): void {
    this.#waiting.push(outbox);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#run);
  }

  /** Writes now what waits: before something that takes another way and must not overtake it. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const outbox of waiting) outbox.flush();
  }
}

/** Queued in one turn, a connection need not wait for its end to write this much. */
const earlyFlushBytes = 64 * 1024;
const none: readonly string[] = [];

/**
 * What one connection is still to be sent, in order, answers and events alike. Bounded: a reader
 * that leaves more than `maxBytes` lying is given up (G9), alone.
 */
export class Outbox {
  #frames: readonly string[] | string[] = none;
  #queuedBytes = 0;
  #state: 'open' | 'slow' | 'ended' = 'open';
  /** The wire holds something: its count is worth asking for, which costs a call each. */
  #backlog = false;
  #drained: (() => void)[] | undefined;
  readonly #wire: Wire;
  readonly #turn: Turn;
  readonly #maxBytes: number;

  /** @param maxBytes bytes that may wait for the reader; 0: any number */
  constructor(wire: Wire, turn: Turn, maxBytes: number) {
    this.#wire = wire;
    this.#turn = turn;
    this.#maxBytes = maxBytes;
  }

  /** Queues a frame until the turn ends. */
  send(frame: string): SendOutcome {
    if (this.#state !== 'open') return 'dropped';
    if (this.#frames === none) {
      this.#frames = [frame];
      this.#turn.add(this);
    } else {
      (this.#frames as string[]).push(frame);
    }
    this.#queuedBytes += frame.length;
    const max = this.#maxBytes;
    if (this.#queuedBytes >= earlyFlushBytes || max !== 0 && this.#queuedBytes > max) {
      this.flush();
      if (this.#state !== 'open') return 'dropped';
    }
    return this.#backlog ? 'buffered' : 'sent';
  }

  /** Writes a frame at once, after those that were queued: for a wire that is corked already. */
  sendNow(frame: string): SendOutcome {
    if (this.#frames !== none || this.#backlog) {
      const outcome = this.send(frame);
      this.flush();
      return outcome;
    }
    if (this.#state !== 'open') return 'dropped';
    return this.#settle(this.#wire.write([frame]));
  }

  /** Hands what is queued to the wire. */
  flush(): void {
    if (this.#state !== 'open') return;
    const blocked = this.#wire.blocked();
    if ((blocked || this.#backlog) && this.#overLimit()) this.#giveUp();
    if (blocked || this.#frames === none && this.#drained === undefined) return;
    if (this.#frames !== none) {
      const frames = this.#frames;
      this.#frames = none;
      this.#queuedBytes = 0;
      this.#settle(this.#wire.write(frames));
    }
    this.#tellDrained();
  }

  /** The wire can take more than before. */
  writable(): void {
    this.#backlog = this.#wire.pendingBytes() > 0;
    this.flush();
  }

  /** Gives a reader up whose wire was filled by another way (topics). */
  checkLimit(): void {
    if (this.#state === 'open' && this.#overLimit()) this.#giveUp();
  }

  /** Bytes queued here and in the wire. Of what is queued, UTF-16 units are counted. */
  get bufferedBytes(): number {
    return this.#queuedBytes + (this.#state === 'open' ? this.#wire.pendingBytes() : 0);
  }

  /** Resolves once a quarter of the bound or less is waiting, or the connection ended. */
  drained(): Promise<void> {
    if (this.#state !== 'open' || this.bufferedBytes <= this.#lowBytes()) return Promise.resolve();
    return new Promise((resolve) => (this.#drained ??= []).push(resolve));
  }

  /** The connection is gone: what was queued with it. */
  end(): void {
    this.#state = 'ended';
    this.#frames = none;
    this.#queuedBytes = 0;
    this.#tellDrained();
  }

  #settle(outcome: SendOutcome): SendOutcome {
    if (outcome === 'sent') return outcome;
    this.#backlog = true;
    // Nobody may be left with a hole in what they were sent.
    if (outcome === 'dropped' || this.#overLimit()) {
      this.#giveUp();
      return 'dropped';
    }
    return outcome;
  }

  #overLimit(): boolean {
    return this.#maxBytes !== 0 && this.bufferedBytes > this.#maxBytes;
  }

  #giveUp(): void {
    this.#state = 'slow';
    this.#frames = none;
    this.#queuedBytes = 0;
    this.#wire.tooSlow();
    this.#tellDrained();
  }

  #lowBytes(): number {
    return this.#maxBytes === 0 ? 256 * 1024 : this.#maxBytes / 4;
  }

  #tellDrained(): void {
    const waiting = this.#drained;
    if (waiting === undefined) return;
    if (this.#state === 'open' && this.bufferedBytes > this.#lowBytes()) return;
    this.#drained = undefined;
    for (const resolve of waiting) resolve();
  }
}
