import { isRecord } from './json.js';

/** A place in the log of one room. */
export interface RoomPosition {
  readonly seq: number;
  readonly epoch: string;
}

/** Where an application has read to: keep it to go on later, even in another process. */
export interface Position {
  readonly cursor?: string;
  /** Large rooms and channels, which stand outside the feed. */
  readonly rooms?: Readonly<Record<string, RoomPosition>>;
}

/** What to do with an event: `gap` means that events before it are missing. */
export type Verdict = 'deliver' | 'duplicate' | 'gap';

/** Cursors remembered to know a repeated event that has no seq. */
const recentCursors = 256;
/** Rooms remembered to know a repeated event; the longest unused is forgotten. */
const rememberedRooms = 20_000;

/** Rooms outside the feed that need more than to be followed. */
export interface Heads {
  /** To be asked for by position: something was missed. */
  readonly missed: readonly string[];
  /** Can't go on from where they were, and start again at their heads. */
  readonly lost: readonly string[];
}

interface Place extends RoomPosition {
  readonly large: boolean;
}

/**
 * Where the application stands in its feed and rooms, so that it sees every event once and in
 * order, whatever the server replays (G4, G5). Pure: no clock, no socket.
 */
export class FeedTracker {
  #cursor: string | undefined;
  readonly #places = new Map<string, Place>();
  #recent = new Set<string>();

  constructor(position: Position = {}) {
    this.#cursor = position.cursor;
    for (const [room, { seq, epoch }] of Object.entries(position.rooms ?? {})) {
      this.#places.set(room, { seq, epoch, large: true });
    }
  }

  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Large rooms and channels to go on in. */
  get rooms(): Readonly<Record<string, RoomPosition>> {
    const rooms: [string, RoomPosition][] = [];
    for (const [room, { seq, epoch, large }] of this.#places) {
      if (large) rooms.push([room, { seq, epoch }]);
    }
    return Object.fromEntries(rooms);
  }

  get position(): Position {
    const { rooms } = this;
    return {
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
      ...(Object.keys(rooms).length === 0 ? {} : { rooms }),
    };
  }

  /** Takes an event and says what to do with it. Only what is delivered moves the position. */
  accept(method: string, params: Readonly<Record<string, unknown>>): Verdict {
    const { room, seq, epoch, cursor } = params;
    const inFeed = typeof cursor === 'string';
    if (typeof room === 'string' && typeof seq === 'number' && typeof epoch === 'string') {
      const verdict = this.#inRoom(room, seq, epoch, inFeed, params['large'] === true);
      if (verdict !== 'deliver') return verdict;
      if (method === 'room.deleted') this.#places.delete(room);
    } else if (inFeed && this.#repeated(`${cursor} ${method}`)) {
      return 'duplicate';
    }
    if (inFeed) this.#cursor = cursor;
    return 'deliver';
  }

  #inRoom(
    room: string, seq: number, epoch: string, inFeed: boolean, becameLarge: boolean,
  ): Verdict {
    const known = this.#places.get(room);
    const large = !inFeed || becameLarge || (known?.large ?? false);
    if (known?.epoch === epoch) {
      if (seq <= known.seq) return 'duplicate';
      // The feed has no gaps, but not every seq of a room; a large room shows every one (G5).
      if (!inFeed && seq > known.seq + 1) return 'gap';
    }
    this.#place(room, { seq, epoch, large });
    return 'deliver';
  }

  #place(room: string, place: Place): void {
    this.#places.delete(room);
    this.#places.set(room, place);
    if (this.#places.size <= rememberedRooms) return;
    for (const [oldest, { large }] of this.#places) {
      if (large) continue;
      this.#places.delete(oldest);
      return;
    }
  }

  #repeated(mark: string): boolean {
    if (this.#recent.has(mark)) return true;
    this.#recent.add(mark);
    if (this.#recent.size > recentCursors) {
      const [oldest] = this.#recent;
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
    return false;
  }

  /** The feed was opened at `cursor`: where a replay starts, or now. */
  opened(cursor: string): void {
    this.#cursor ??= cursor;
  }

  /** The feed can't go on from where it was, and starts again here. */
  reset(cursor: string): void {
    this.#cursor = cursor;
    this.#recent = new Set();
  }

  /**
   * Takes the rooms outside the feed that the server names on opening it: heads of those that it
   * was not asked for, and whether it can go on in those that it was.
   */
  heads(heads: unknown): Heads {
    const found: { missed: string[]; lost: string[] } = { missed: [], lost: [] };
    for (const [room, head] of Object.entries(isRecord(heads) ? heads : {})) {
      if (!isRecord(head)) continue;
      const { seq, epoch, recovered } = head;
      if (typeof seq !== 'number' || typeof epoch !== 'string' || recovered === true) continue;
      const known = this.#places.get(room);
      if (recovered === false) found.lost.push(room);
      if (recovered === false || known?.epoch !== epoch) {
        this.#place(room, { seq, epoch, large: true });
      } else {
        if (seq > known.seq) found.missed.push(room);
        this.#place(room, { ...known, large: true });
      }
    }
    return found;
  }

  /** Goes on in a room from here: a channel was subscribed to, or its replay is not to be had. */
  follow(room: string, position: RoomPosition): void {
    this.#place(room, { ...position, large: true });
  }

  /** Stops following: left, or unsubscribed. */
  forget(room: string): void {
    this.#places.delete(room);
  }
}
