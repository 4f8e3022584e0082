import { idOf, type RoomKey } from '../../base/ids.js';
import type { Reply } from '../../cluster/shard-port.js';
import type { LogEntry, MessageEntry, RoomHead } from '../entry.js';
import type { Forwarded, LogRange, Member, MessagePage, ReadPosition } from '../rooms.js';
import { write } from './bytes.js';
import { decodeEntry } from './entry-codec.js';
import {
  decodeEnded, decodeMember, decodePosition, decodeView, type RoomView,
} from './head-codec.js';
import { scripts } from './scripts.js';
import { bytesOf, listOf, numberOf, textOf, type ShardCalls } from './shard-calls.js';

const maxSeq = 0xffff_ffff;

/** The reading half of the room store: what it answers is durable as the shard is. */
export class RoomReads {
  constructor(private readonly calls: ShardCalls) {}

  async head(room: RoomKey): Promise<RoomHead | undefined> {
    const [view] = await this.#views([room], '');
    return view?.head;
  }

  async heads(rooms: readonly RoomKey[]): Promise<(RoomHead | undefined)[]> {
    const views = await this.#views(rooms, '');
    return views.map((view) => view?.head);
  }

  async membership(
    room: RoomKey, user: string,
  ): Promise<{ head: RoomHead; member: Member | undefined } | undefined> {
    const [view] = await this.#views([room], user);
    if (view === undefined) return undefined;
    const { head, membership } = view;
    return { head, member: membership === undefined ? undefined : decodeMember(user, membership) };
  }

  async forwarded(room: RoomKey): Promise<Forwarded> {
    const [view] = await this.#views([room], '');
    return view?.forwarded ?? { seq: 0, reads: 0 };
  }

  async members(room: RoomKey, after: string, limit: number): Promise<Member[]> {
    if (limit <= 0) return [];
    const [sorted, page] = await this.#members(room, after, limit);
    const members = pairs(listOf(page))
      .map(([user, interval]) => ({ user, member: decodeMember(user.toString(), interval) }));
    if (numberOf(sorted) === 0) members.sort((a, b) => Buffer.compare(a.user, b.user));
    const from = Buffer.from(after);
    return members.filter(({ user }) => after === '' || Buffer.compare(user, from) > 0)
      .slice(0, limit).map(({ member }) => member);
  }

  async membersAt(room: RoomKey, seq: number): Promise<Member[]> {
    const [, present, gone] = await this.#members(room, '', 0);
    const members = pairs(listOf(present))
      .map(([user, interval]) => decodeMember(user.toString(), interval));
    // Both ends of an interval belong to it: who is removed is told so (trap 2).
    for (const ended of listOf(gone)) {
      const { until, ...member } = decodeEnded(bytesOf(ended));
      if (until >= seq) members.push(member);
    }
    return members.filter(({ since }) => since <= seq);
  }

  async ranges(ranges: readonly LogRange[]): Promise<LogEntry[][]> {
    const replies = await this.calls.many(
      ranges, scripts.ranges, ({ room }) => this.calls.port.slotOf(room),
      ({ room, from, to }, slot, version) => write.start().u16(slot).u32(version)
        .u32(Math.max(from, 0)).u32(to).text(room).end());
    return replies.map((reply) => {
      const [first, entries] = listOf(reply);
      const from = numberOf(first);
      return listOf(entries).map((bytes, index) => decodeEntry(from + index, bytesOf(bytes)));
    });
  }

  async messages(
    room: RoomKey, position: { before: number } | { after: number } | undefined, limit: number,
  ): Promise<MessagePage> {
    if (limit <= 0) return { messages: [], more: false };
    const ascending = position !== undefined && 'after' in position;
    const place = position === undefined ? maxSeq
      : 'after' in position ? position.after : position.before;
    const slot = this.calls.port.slotOf(room);
    const [more, ...found] = listOf(await this.calls.one(slot, scripts.messages, (version) => [
      write.start().u16(slot).u32(version).u8(ascending ? 1 : 0).u32(place).u32(limit).text(room)
        .end(),
    ]));
    const messages: MessageEntry[] = [];
    for (let i = 0; i + 1 < found.length; i += 2) {
      const entry = decodeEntry(numberOf(found[i]), bytesOf(found[i + 1]));
      if (entry.kind === 'message') messages.push(entry);
    }
    return { messages: ascending ? messages : messages.reverse(), more: more === 1 };
  }

  async countBefore(room: RoomKey, at: number): Promise<number> {
    const slot = this.calls.port.slotOf(room);
    const reply = await this.calls.one(slot, scripts.countBefore, (version) => [
      write.start().u16(slot).u32(version).u48(at).text(room).end(),
    ]);
    return numberOf(listOf(reply)[0]);
  }

  async readPositions(room: RoomKey, users: readonly string[]): Promise<ReadPosition[]> {
    const found = await this.#positions(room, 0, 0, users);
    return users.map((user, index) => found[index] ?? decodePosition(user, undefined));
  }

  async readsAfter(room: RoomKey, version: number, limit: number): Promise<ReadPosition[]> {
    return limit <= 0 ? [] : this.#positions(room, version, limit, []);
  }

  async #views(rooms: readonly RoomKey[], user: string): Promise<(RoomView | undefined)[]> {
    const replies = await this.calls.many(
      rooms, scripts.view, (room) => this.calls.port.slotOf(room),
      (room, slot, version) => write.start().u16(slot).u32(version).text(room).text(user).end());
    return replies.map((reply, index) => {
      const room = rooms[index];
      return reply === null || room === undefined
        ? undefined : decodeView(idOf(room), listOf(reply));
    });
  }

  async #members(room: RoomKey, after: string, limit: number): Promise<Reply[]> {
    const slot = this.calls.port.slotOf(room);
    return listOf(await this.calls.one(slot, scripts.members, (version) => [
      write.start().u16(slot).u32(version).u32(limit).text(room).text(after).end(),
    ]));
  }

  async #positions(
    room: RoomKey, after: number, limit: number, users: readonly string[],
  ): Promise<ReadPosition[]> {
    const slot = this.calls.port.slotOf(room);
    const reply = listOf(await this.calls.one(slot, scripts.positions, (version) => [
      write.start().u16(slot).u32(version).u32(after).u32(limit).text(room).end(), ...users,
    ]));
    const positions: ReadPosition[] = [];
    for (let i = 0; i + 1 < reply.length; i += 2) {
      const bytes = reply[i + 1] ?? null;
      positions.push(decodePosition(
        textOf(reply[i]), Buffer.isBuffer(bytes) ? bytes : undefined));
    }
    return positions;
  }
}

function pairs(flat: readonly Reply[]): [Buffer, Buffer][] {
  const found: [Buffer, Buffer][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    found.push([bytesOf(flat[i]), bytesOf(flat[i + 1])]);
  }
  return found;
}
