import type { Clock } from '../../base/clock.js';
import type { RoomKey } from '../../base/ids.js';
import type { PendingRoom } from '../rooms.js';
import { tagRange, textOf } from './keys.js';
import type { Kv } from './kv.js';
import { decodeMark, type Mark } from './room-codec.js';

/**
 * The rooms that have something to deliver, in the order of their age. Kept as marks beside the
 * rooms; in memory as long as the process lives, since they are few, and since an age taken from
 * the wall clock would be wrong when it jumps.
 */
export class Outbox {
  readonly #pending = new Map<RoomKey, { sinceMs: number; mark: Mark }>();
  /** Rooms whose mark is kept although all of it was forwarded, longest at rest first. */
  readonly #resting = new Map<RoomKey, { sinceMs: number; mark: Mark }>();

  constructor(kv: Kv, private readonly clock: Clock) {
    for (const [key, value] of kv.range(...tagRange('o'))) {
      this.#pending.set(textOf(key.slice(1)) as RoomKey, {
        sinceMs: -Infinity, mark: decodeMark(value),
      });
    }
  }

  /** A room has durably got something to deliver. */
  add(room: RoomKey, mark: Mark): void {
    this.#resting.delete(room);
    const before = this.#pending.get(room);
    if (before === undefined) {
      this.#pending.set(room, { sinceMs: this.clock.monotonic(), mark });
    } else if (before.mark.shards.length > 0) {
      before.mark = { ...before.mark, shards: [] };
    }
  }

  /** A room was forwarded some way: what is left is as young as if it came now. */
  moved(room: RoomKey, mark: Mark): void {
    this.#pending.delete(room);
    this.#pending.set(room, { sinceMs: this.clock.monotonic(), mark });
  }

  delete(room: RoomKey): void {
    this.#pending.delete(room);
  }

  /** All of a room was forwarded; its mark may go later. */
  rest(room: RoomKey, mark: Mark): void {
    this.#resting.delete(room);
    this.#resting.set(room, { sinceMs: this.clock.monotonic(), mark });
  }

  /** Rooms at rest for so long, each answered once. */
  rested(restMs: number, limit: number): (readonly [RoomKey, Mark])[] {
    const before = this.clock.monotonic() - restMs;
    const rooms: (readonly [RoomKey, Mark])[] = [];
    for (const [room, { sinceMs, mark }] of this.#resting) {
      if (sinceMs > before || rooms.length >= limit) break;
      rooms.push([room, mark]);
    }
    for (const [room] of rooms) this.#resting.delete(room);
    return rooms;
  }

  get(room: RoomKey): Mark | undefined {
    return this.#pending.get(room)?.mark;
  }

  aged(ageMs: number, limit: number): PendingRoom[] {
    const before = this.clock.monotonic() - ageMs;
    const rooms: PendingRoom[] = [];
    for (const [room, { sinceMs, mark }] of this.#pending) {
      if (sinceMs > before || rooms.length >= limit) break;
      const { seq, reads, shards } = mark;
      rooms.push({ room, forwarded: { seq, reads }, shards });
    }
    return rooms;
  }
}
