import { idOf, type RoomKey } from '../base/ids.js';
import type { RoomHead } from '../store/entry.js';
import type { AppendOp, AppendResult, Member } from '../store/rooms.js';
import type { RoomView } from './chat.js';
import { headOfCreated } from './events.js';

interface Cached {
  head: RoomHead;
  /** Memberships as of `head.version`; undefined: known to be none. */
  members: Map<string, Member | undefined>;
}

/** Memberships kept a room; a room with more writers at once reads them again. */
const maxMembers = 600;

/**
 * Rooms as this node last saw them, for deciding on writes whose version the store confirms.
 * Bounded; the room not used for longest goes first.
 */
export class ViewCache {
  readonly #rooms = new Map<RoomKey, Cached>();
  readonly #maxRooms: number;

  constructor(maxRooms: number) {
    this.#maxRooms = maxRooms;
  }

  get(room: RoomKey, user: string): RoomView | undefined {
    const cached = this.#rooms.get(room);
    if (cached === undefined) return undefined;
    const member = cached.members.get(user);
    if (member === undefined && !cached.members.has(user)) return undefined;
    this.#rooms.delete(room);
    this.#rooms.set(room, cached);
    return { head: cached.head, member };
  }

  put(room: RoomKey, user: string, view: RoomView): void {
    const before = this.#rooms.get(room);
    const same = before !== undefined && before.head.version === view.head.version
      && before.head.epoch === view.head.epoch && before.members.size < maxMembers;
    const members = same ? before.members : new Map<string, Member | undefined>();
    members.set(user, view.member);
    this.#rooms.delete(room);
    this.#rooms.set(room, { head: view.head, members });
    if (this.#rooms.size > this.#maxRooms) {
      for (const oldest of this.#rooms.keys()) {
        this.#rooms.delete(oldest);
        break;
      }
    }
  }

  drop(room: RoomKey): void {
    this.#rooms.delete(room);
  }

  /** Takes in what this node wrote, so that the next message needs no look at the room. */
  wrote(room: RoomKey, op: AppendOp, result: AppendResult & { status: 'ok' }): void {
    const last = result.entries.at(-1);
    if (last === undefined) return;
    const [first] = result.entries;
    if (op.kind === 'create' && first?.kind === 'create') {
      const large = first.room === 'channel' || last.kind === 'large';
      const head = headOfCreated(idOf(room), result.epoch, first, last, large);
      for (const user of first.members.slice(0, maxMembers)) {
        this.put(room, user, { head, member: { user, since: first.seq, at: first.at } });
      }
      return;
    }
    const cached = this.#rooms.get(room);
    if (cached === undefined) return;
    if (cached.head.version !== result.version || cached.head.epoch !== result.epoch) {
      this.#rooms.delete(room);
      return;
    }
    cached.head = { ...cached.head, seq: last.seq, count: last.count, lastAt: last.at };
  }
}
