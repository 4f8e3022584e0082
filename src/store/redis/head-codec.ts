import type { Reply } from '../../cluster/shard-port.js';
import type { RoomHead } from '../entry.js';
import type { Forwarded, Member, ReadPosition } from '../rooms.js';
import { ByteReader } from './bytes.js';
import { corrupted, readRetention, roomKindOf } from './entry-codec.js';

const flag = { large: 1, purged: 2 } as const;

/** What view.lua answers of one room. */
export interface RoomView {
  readonly head: RoomHead;
  readonly forwarded: Forwarded;
  readonly membership: Buffer | undefined;
}

const optional = (value: Reply | undefined): Buffer | undefined =>
  Buffer.isBuffer(value) ? value : undefined;

function needed(value: Reply | undefined): Buffer {
  if (!Buffer.isBuffer(value)) throw corrupted('head of a room');
  return value;
}

/** An epoch names the room's own and the history of its slot (G6). */
const epochIn = (own: string, generation: string): string =>
  generation === '' ? own : `${own}.${generation}`;

/** @param room its id, without tenant */
export function decodeView(room: string, fields: readonly Reply[]): RoomView {
  const [generation, hot, kindLetter, owner, title, kept, , member] = fields;
  const reader = new ByteReader(needed(hot));
  const [seq, first, count, version, reads] =
    [reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const lastAt = reader.u48();
  const members = reader.u32();
  const flags = reader.u8();
  const forwarded = { seq: reader.u32(), reads: reader.u32() };
  const createdAt = reader.u48();
  const epoch = epochIn(reader.rest(), needed(generation).toString());
  const kind = roomKindOf(needed(kindLetter).toString());
  if (kind === undefined) throw corrupted('kind of room');
  const titleText = optional(title)?.toString();
  const retention = optional(kept);
  return {
    head: {
      room, kind, ...(titleText === undefined ? {} : { title: titleText }),
      owner: needed(owner).toString(), createdAt,
      ...(retention === undefined ? {} : readRetention(new ByteReader(retention))),
      members, large: (flags & flag.large) !== 0, purged: (flags & flag.purged) !== 0,
      epoch, seq, first, count, version, reads, lastAt,
    },
    forwarded,
    membership: optional(member),
  };
}

/** A membership: I4 since, I6 at. */
export function decodeMember(user: string, bytes: Buffer): Member {
  const reader = new ByteReader(bytes);
  return { user, since: reader.u32(), at: reader.u48() };
}

/** A membership that ended: I4 until, then the membership, then the user. */
export function decodeEnded(bytes: Buffer): Member & { readonly until: number } {
  const reader = new ByteReader(bytes);
  const [until, since, at] = [reader.u32(), reader.u32(), reader.u48()];
  return { until, since, at, user: reader.rest() };
}

/** I4 seq, I4 count, I4 version, I6 at; absent: never read. */
export function decodePosition(user: string, bytes: Buffer | undefined): ReadPosition {
  if (bytes === undefined) return { user, seq: 0, count: 0, version: 0, at: 0 };
  const reader = new ByteReader(bytes);
  return {
    user, seq: reader.u32(), count: reader.u32(), version: reader.u32(), at: reader.u48(),
  };
}
