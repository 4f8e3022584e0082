import type { RoomKey } from '../base/ids.js';
import type { Session } from '../rpc/session.js';

/** One call that was handed to the store and is not answered yet. */
export interface OwnCall {
  /** The store has answered: these are the entries that the call made. */
  wrote(epoch: string, firstSeq: number, lastSeq: number): void;
  /** The answer was queued: what was held for it may go. */
  answered(): void;
}

/** A place in a room's log. */
export interface Place {
  readonly room: RoomKey;
  readonly epoch: string;
  readonly seq: number;
}

interface Ticket {
  readonly room: RoomKey;
  readonly key: string | undefined;
  /** Written before the call began: what stands up to here is not its work. */
  readonly after: Omit<Place, 'room'> | undefined;
  /** 0 while unknown. */
  firstSeq: number;
  lastSeq: number;
}

/** Rooms whose last entry written here is remembered; of one forgotten, more is held than must. */
const maxRooms = 20_000;

/**
 * Calls in flight by the session that made them. The connection that sent gets its answer before
 * its own event, though another node, or a retry, may deliver the event first (trap 5).
 */
export class OwnCalls {
  readonly #bySession = new Map<Session, Ticket[]>();
  readonly #written = new Map<RoomKey, Omit<Place, 'room'>>();
  readonly #released: (session: Session) => void;

  /** @param released called whenever what is held for a session may have become free */
  constructor(released: (session: Session) => void) {
    this.#released = released;
  }

  /** @param key as the caller gave it; undefined when it gave none */
  begin(session: Session, room: RoomKey, key: string | undefined): OwnCall {
    const after = this.#written.get(room);
    const ticket: Ticket = { room, key, after, firstSeq: 0, lastSeq: 0 };
    const tickets = this.#bySession.get(session);
    if (tickets === undefined) this.#bySession.set(session, [ticket]);
    else tickets.push(ticket);
    return {
      wrote: (epoch, firstSeq, lastSeq) => {
        ticket.firstSeq = firstSeq;
        ticket.lastSeq = lastSeq;
        this.#remember(room, { epoch, seq: lastSeq });
        this.#released(session);
      },
      answered: () => {
        this.#end(session, ticket);
        this.#released(session);
      },
    };
  }

  #remember(room: RoomKey, place: Omit<Place, 'room'>): void {
    this.#written.delete(room);
    this.#written.set(room, place);
    if (this.#written.size <= maxRooms) return;
    for (const oldest of this.#written.keys()) {
      this.#written.delete(oldest);
      return;
    }
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
   * the store has not said what a call wrote, an entry of its user with its key may be; without a
   * key, every one that came after what was written here before the call.
   * @param key the entry's key, undefined when it has none
   */
  holds(session: Session, { room, epoch, seq }: Place, key: string | undefined): boolean {
    const tickets = this.#bySession.get(session);
    if (tickets === undefined) return false;
    return tickets.some((ticket) => {
      if (ticket.room !== room) return false;
      if (ticket.firstSeq !== 0) return seq >= ticket.firstSeq && seq <= ticket.lastSeq;
      if (ticket.key !== key) return false;
      return key !== undefined || ticket.after?.epoch !== epoch || seq > ticket.after.seq;
    });
  }
}
