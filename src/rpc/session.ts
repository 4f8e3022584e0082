import type { CloseCode } from './close.js';
import type { Identity } from './identity.js';
import type { SessionCalls } from './session-calls.js';

/** What became of a frame: style.md, habit 5. `dropped` means that the session is closing. */
export type SendOutcome = 'sent' | 'buffered' | 'dropped';

export type TransportName = 'websocket' | 'sse' | 'http' | 'local';

/**
 * One caller's connection, whatever carries it. Plain HTTP calls get a session that lives for the
 * one request, cannot push, and ends with it.
 */
export interface Session {
  /** Unguessable; named in `session.opened` and `session.authenticate`. */
  readonly id: string;
  readonly transport: TransportName;
  /** The peer's address, after trusted proxies. */
  readonly address: string;
  /** True when {@link notify} can reach the caller (WebSocket, SSE, in-process). */
  readonly canPush: boolean;
  /** Who is calling; undefined before authentication and after logout. */
  readonly identity: Identity | undefined;
  /** True once closing began: nothing more is written. */
  readonly closing: boolean;

  /** Calls of this session: the dispatcher's bookkeeping, made at its first call. */
  calls?: SessionCalls | undefined;

  /** Lifetime of its calls in ms, where less than the limit's was asked for at authentication. */
  deadlineMs?: number | undefined;

  /** Puts an identity in place, replacing the one before; undefined takes it away. */
  identify(identity: Identity | undefined): void;

  /**
   * Queues one notification; everything queued in one turn leaves in one write, after the answers
   * that were queued before it.
   * @param method the event's name
   * @param params its params as JSON text, encoded once by whoever fans out
   * @param eventId SSE `id:` of the event (the feed cursor), ignored by other transports
   */
  notify(method: string, params: string, eventId?: string): SendOutcome;

  /** Queues a whole frame of JSON text as it is. */
  sendText(frame: string): SendOutcome;

  /** Joins a topic of {@link TopicPublisher}; `leave` undoes it; both idempotent. */
  join(topic: string): void;
  leave(topic: string): void;

  /** Bytes queued and not yet taken by the kernel: pace long replays by it. */
  readonly bufferedBytes: number;
  /** Resolves when {@link bufferedBytes} has fallen low enough to go on, or the session closed. */
  drained(): Promise<void>;

  /** Closes with a code of the table after what was queued has been handed to the kernel. */
  close(code: CloseCode, reason: string): void;

  /** Runs once when the session has ended, however it ended; at once if it has already. */
  onEnd(run: () => void): void;
}

/** Fan-out of one encoded frame to every session that joined a topic: one encoding for all. */
export interface TopicPublisher {
  /**
   * Slow readers are closed (4508) alone.
   * @param topic a name; tenants are part of it
   * @param method the event's name
   * @param params its params as JSON text
   */
  publish(topic: string, method: string, params: string): void;
}
