import type { RoomKey } from '../base/ids.js';
import type { Session } from '../rpc/session.js';

/** One call that was handed to the store and is not answered yet. */
export interface OwnCall {
  /** The store has answered: these are the entries that the call made. */
  wrote(firstSeq: number, lastSeq: number): void;
  /** The answer was queued: what was held for it may go. */
  answered(): void;
}

interface Ticket {
  readonly room: RoomKey;
  readonly key: string | undefined;
  /** 0 while unknown. */
  firstSeq: number;
  lastSeq: number;
}

/**
 * Calls in flight by the session that made them. The connection that sent gets its answer before
 * its own event, though another node, or a retry, may deliver the event first (trap 5).
 */
export class OwnCalls {
  readonly #bySession = new Map<Session, Ticket[]>();
  readonly #released: (session: Session) => void;

  /** @param released called whenever what is held for a session may have become free */
  constructor(released: (session: Session) => void) {
    this.#released = released;
  }

  /** @param key as the caller gave it; undefined when it gave none */
  begin(session: Session, room: RoomKey, key: string | undefined): OwnCall {
    const ticket: Ticket = { room, key, firstSeq: 0, lastSeq: 0 };
    const tickets = this.#bySession.get(session);
    if (tickets === undefined) this.#bySession.set(session, [ticket]);
    else tickets.push(ticket);
    return {
      wrote: (firstSeq, lastSeq) => {
        ticket.firstSeq = firstSeq;
        ticket.lastSeq = lastSeq;
        this.#released(session);
      },
      answered: () => {
        this.#end(session, ticket);
        this.#released(session);
      },
    };
  }

  #end(session: Session, ticket: Ticket): void {
    const tickets = this.#bySession.get(session);
    if (tickets === undefined) return;
    const index = tickets.indexOf(ticket);
    if (index >= 0) tickets.splice(index, 1);
    if (tickets.length === 0) this.#bySession.delete(session);
  }

  /**
   * Whether an entry may be the work of a call of this session that it was not answered yet. While
   * the store has not said what a call wrote, every entry of its user in the room may be; that
   * lasts no longer than one append.
   * @param key the entry's key, undefined when it has none
   */
  holds(session: Session, room: RoomKey, seq: number, key: string | undefined): boolean {
    const tickets = this.#bySession.get(session);
    if (tickets === undefined) return false;
    return tickets.some((ticket) => ticket.room === room && (ticket.firstSeq === 0
      ? ticket.key === key
      : seq >= ticket.firstSeq && seq <= ticket.lastSeq));
  }
}
