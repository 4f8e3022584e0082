import { idOf, type RoomKey } from '../../base/ids.js';
import type { LogEntry, MessageEntry, RoomHead } from '../entry.js';
import type { LogRange, Member, MessagePage, ReadPosition } from '../rooms.js';
import { corrupted, decodeText } from './codec.js';
import { decodeEntry, decodeHead } from './entry-codec.js';
import { RoomKeys, roomHeadKey } from './keys.js';
import type { Kv } from './kv.js';
import { decodeInterval, decodePosition } from './room-codec.js';

/** Entries read in one go where messages are looked for. */
const scanAtOnce = 64;

/** A room as it is kept: what the reading methods stand on. */
interface Kept {
  readonly head: RoomHead;
  readonly keys: RoomKeys;
}

/** The reading half of the room store: durable state only, what is in flight does not show. */
export class RoomReads {
  constructor(protected readonly kv: Kv) {}

  async head(room: RoomKey): Promise<RoomHead | undefined> {
    return this.#kept(room)?.head;
  }

  async heads(rooms: readonly RoomKey[]): Promise<(RoomHead | undefined)[]> {
    return rooms.map((room) => this.#kept(room)?.head);
  }

  async membership(
    room: RoomKey, user: string,
  ): Promise<{ head: RoomHead; member: Member | undefined } | undefined> {
    const kept = this.#kept(room);
    if (kept === undefined) return undefined;
    const bytes = this.kv.get(kept.keys.member(user));
    const member = bytes === undefined ? undefined : { user, ...decodeInterval(bytes) };
    return { head: kept.head, member };
  }

  async members(room: RoomKey, after: string, limit: number): Promise<Member[]> {
    const kept = this.#kept(room);
    if (kept === undefined) return [];
    return this.kv.range(...kept.keys.membersAfter(after), { limit })
      .map(([key, value]) => ({ user: kept.keys.memberOf(key), ...decodeInterval(value) }));
  }

  async membersAt(room: RoomKey, seq: number): Promise<Member[]> {
    const kept = this.#kept(room);
    if (kept === undefined) return [];
    const { keys } = kept;
    const members = this.kv.range(...keys.membersAfter(''))
      .map(([key, value]) => ({ user: keys.memberOf(key), ...decodeInterval(value) }));
    // Both ends of an interval belong to it: who is removed is told so (trap 2).
    for (const [key, value] of this.kv.range(...keys.endedFrom(seq))) {
      members.push({ user: keys.endedOf(key).user, ...decodeInterval(value) });
    }
    return members.filter((member) => member.since <= seq);
  }

  async ranges(ranges: readonly LogRange[]): Promise<LogEntry[][]> {
    return ranges.map(({ room, from, to }) => {
      const kept = this.#kept(room);
      return kept === undefined ? [] : this.#entries(kept, from, to);
    });
  }

  async messages(
    room: RoomKey, position: { before: number } | { after: number } | undefined, limit: number,
  ): Promise<MessagePage> {
    const kept = this.#kept(room);
    if (kept === undefined || limit <= 0) return { messages: [], more: false };
    return position !== undefined && 'after' in position
      ? this.#messagesAfter(kept, position.after, limit)
      : this.#messagesBefore(kept, position?.before ?? kept.head.seq + 1, limit);
  }

  async countBefore(room: RoomKey, at: number): Promise<number> {
    const kept = this.#kept(room);
    if (kept === undefined) return 0;
    const { head } = kept;
    if (head.first > head.seq) return head.count;
    // `at` never falls within a room, so that halving finds the place.
    const next = this.#firstWhere(kept, (entry) => entry.at >= at);
    return next <= head.first ? this.#countBelow(kept) : this.#entry(kept, next - 1).count;
  }

  async readPositions(room: RoomKey, users: readonly string[]): Promise<ReadPosition[]> {
    const kept = this.#kept(room);
    return users.map((user) => {
      const bytes = kept === undefined ? undefined : this.kv.get(kept.keys.position(user));
      return bytes === undefined
        ? { user, seq: 0, count: 0, version: 0, at: 0 } : { user, ...decodePosition(bytes) };
    });
  }

  async readsAfter(room: RoomKey, version: number, limit: number): Promise<ReadPosition[]> {
    const kept = this.#kept(room);
    if (kept === undefined) return [];
    const from = kept.keys.read(version + 1);
    const moves = this.kv.range(from, kept.keys.read(kept.head.reads + 1), { limit });
    return moves.map(([, value]) => {
      const user = decodeText(value, 'read move');
      const bytes = this.kv.get(kept.keys.position(user));
      if (bytes === undefined) throw corrupted('read position');
      return { user, ...decodePosition(bytes) };
    });
  }

  #kept(room: RoomKey): Kept | undefined {
    const bytes = this.kv.get(roomHeadKey(room));
    if (bytes === undefined) return undefined;
    const head = decodeHead(idOf(room), bytes);
    return { head, keys: new RoomKeys(room, head.epoch) };
  }

  #entry({ keys }: Kept, seq: number): LogEntry {
    const bytes = this.kv.get(keys.entry(seq));
    if (bytes === undefined) throw corrupted('room log: an entry is missing');
    return decodeEntry(seq, bytes).entry;
  }

  /** Entries of a range, complete (G2): a gap is damage and never passed over. */
  #entries({ head, keys }: Kept, from: number, to: number): LogEntry[] {
    const first = Math.max(from, head.first);
    const last = Math.min(to, head.seq);
    if (first > last) return [];
    const pairs = this.kv.range(keys.entry(first), keys.entry(last + 1));
    const entries = pairs.map(([key, value]) => decodeEntry(keys.seqOf(key), value).entry);
    if (entries.length !== last - first + 1) {
      throw corrupted('room log: an entry is missing');
    }
    return entries;
  }

  /** Messages before the first kept entry. */
  #countBelow(kept: Kept): number {
    const { head } = kept;
    if (head.first > head.seq) return head.count;
    const entry = this.#entry(kept, head.first);
    return entry.count - (entry.kind === 'message' ? 1 : 0);
  }

  /** The first kept seq whose entry meets a condition that, once met, stays so. */
  #firstWhere(kept: Kept, met: (entry: LogEntry) => boolean): number {
    let low = kept.head.first;
    let high = kept.head.seq + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (met(this.#entry(kept, middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #messagesBefore(kept: Kept, before: number, limit: number): MessagePage {
    const found: MessageEntry[] = [];
    const { head } = kept;
    let to = Math.min(before - 1, head.seq);
    let oldest = to < head.first ? 0 : Infinity;
    const below = this.#countBelow(kept);
    while (to >= head.first && found.length < limit && oldest > below) {
      const entries = this.#entries(kept, Math.max(head.first, to - scanAtOnce + 1), to).reverse();
      const messages = entries.filter((entry) => entry.kind === 'message');
      found.push(...messages.slice(0, limit - found.length));
      const last = entries.at(-1);
      if (last === undefined) break;
      oldest = last.count - (last.kind === 'message' ? 1 : 0);
      to = last.seq - 1;
      // A long run of edits is stepped over by the ordinals, not read.
      if (messages.length === 0) to = this.#firstWhere(kept, (entry) => entry.count >= oldest);
    }
    const first = found.at(-1);
    const more = first !== undefined && first.count - 1 > below;
    return { messages: found.reverse(), more };
  }

  #messagesAfter(kept: Kept, after: number, limit: number): MessagePage {
    const found: MessageEntry[] = [];
    const { head } = kept;
    let from = Math.max(after + 1, head.first);
    while (from <= head.seq && found.length < limit) {
      const entries = this.#entries(kept, from, from + scanAtOnce - 1);
      const messages = entries.filter((entry) => entry.kind === 'message');
      found.push(...messages.slice(0, limit - found.length));
      const last = entries.at(-1);
      if (last === undefined || last.count === head.count) break;
      from = last.seq + 1;
      if (messages.length === 0) {
        from = this.#firstWhere(kept, (entry) => entry.count > last.count);
      }
    }
    const newest = found.at(-1);
    return { messages: found, more: newest !== undefined && newest.count < head.count };
  }
}
