import type { Session } from './session.js';

/** How the text of one frame or body came, where that changes how it is treated. */
export interface Received {
  /** Monotonic ms from which the lifetime of its calls counts. */
  readonly at: number;
  /** Asked for in `ringpost-deadline-ms` or at authentication; the limit's where absent. */
  readonly deadlineMs?: number;
  /**
   * Why the token that came with the text was refused: every call in it is answered with this,
   * mapped as if its handler had thrown it.
   */
  readonly refused?: unknown;
}

/**
 * From text to answer: what every transport hands its frames and bodies to. Parses, checks the
 * envelope, splits batches, runs the calls and puts the answers in order.
 */
export interface Dispatcher {
  /**
   * Takes one text. Calls start in order before this returns unless they must wait their turn.
   * @param text UTF-8 bytes or text; bytes are not kept after the return
   * @param reply called exactly once, perhaps before this returns: with the whole answer's JSON
   *   text, or undefined when nothing is to be answered (notifications, responses)
   */
  receive(
    session: Session, text: string | Uint8Array, received: Received,
    reply: (answer: string | undefined) => void,
  ): void;

  /** Cancels what the session still has in flight: it has ended. */
  sessionEnded(session: Session): void;

  /**
   * Refuses every new call with -32009, or takes them again.
   * @param reason `draining` and the like; undefined: calls are taken
   * @param retryAfterMs when to come back, in milliseconds
   */
  refuse(reason: string | undefined, retryAfterMs?: number): void;

  /** Calls running or waiting on this node: 0 when a draining node may stop. */
  readonly inFlight: number;
}
