import type { LogEntry, RoomHead } from '../entry.js';
import type { FeedEntry } from '../feeds.js';
import type { Forwarded, Member, ReadPosition } from '../rooms.js';
import type { KeptRow } from '../transfer.js';
import { ByteReader, write } from './bytes.js';
import { kindNumber, retention, roomLetters } from './entry-codec.js';

/** As room.lua and feed.lua name them. */
const entryFlag = { key: 1, reply: 2, title: 2, edit: 4, deleted: 8, body: 16 } as const;
const roomFlag = { large: 1, purged: 2, keeps: 8, marked: 16, ended: 32 } as const;
const rowFlag = { large: 1, ended: 2 } as const;
const whole = 128;

function flagsOf(entry: LogEntry): number {
  const flags = entry.key === undefined ? 0 : entryFlag.key;
  switch (entry.kind) {
    case 'message':
      return flags | (entry.replyTo === undefined ? 0 : entryFlag.reply)
        | (entry.editedAt === undefined ? 0 : entryFlag.edit)
        | (entry.deleted === true ? entryFlag.deleted : 0)
        | (entry.body === undefined ? 0 : entryFlag.body);
    case 'edit':
      return entry.text === undefined ? flags | entryFlag.deleted : flags;
    case 'create':
    case 'title':
      return entry.title === undefined ? flags : flags | entryFlag.title;
    default:
      return flags;
  }
}

/** An entry as append.lua would have left it. */
export function packEntry(entry: LogEntry, chain: number): Buffer {
  write.start().u48(entry.at).u32(entry.count).u8(kindNumber[entry.kind]).u8(flagsOf(entry))
    .text(entry.by);
  if (entry.key !== undefined) write.text(entry.key);
  switch (entry.kind) {
    case 'message':
      if (entry.replyTo !== undefined) write.u32(entry.replyTo);
      if (entry.editedAt !== undefined) write.u48(entry.editedAt).u32(chain);
      if (entry.deleted !== true) {
        write.rest(entry.body === undefined ? entry.text ?? '' : JSON.stringify(entry.body));
      }
      break;
    case 'edit':
      write.u32(entry.target).u32(chain).rest(entry.text ?? '');
      break;
    case 'delete':
      write.u32(entry.target);
      break;
    case 'add':
    case 'remove':
      write.rest(entry.user);
      break;
    case 'title':
      write.rest(entry.title ?? '');
      break;
    case 'create':
      write.rest(roomLetters[entry.room]).text(entry.title ?? '');
      retention(write, entry.history);
      for (const member of entry.members) write.text(member);
      break;
    default:
  }
  return write.end();
}

/** What ties an entry to the edits before it; 0 once its text is gone. */
export function chainOf(bytes: Buffer): number {
  const reader = new ByteReader(bytes);
  reader.u48();
  reader.u32();
  const [kind, flags] = [reader.u8(), reader.u8()];
  if ((flags & entryFlag.deleted) !== 0) return 0;
  if (kind !== kindNumber.edit && (kind !== kindNumber.message || !(flags & entryFlag.edit))) {
    return 0;
  }
  reader.text();
  if (flags & entryFlag.key) reader.text();
  if (kind === kindNumber.edit) reader.u32();
  else {
    if (flags & entryFlag.reply) reader.u32();
    reader.u48();
  }
  return reader.u32();
}

export const isPending = (head: RoomHead, forwarded: Forwarded): boolean =>
  forwarded.seq < head.seq || forwarded.reads < head.reads;

/** Hot state of a room. @param ended whether memberships that ended are kept */
export function packHot(head: RoomHead, forwarded: Forwarded, ended: boolean): Buffer {
  const flags = (head.large ? roomFlag.large : 0) | (head.purged ? roomFlag.purged : 0)
    | (head.history === undefined ? 0 : roomFlag.keeps) | (ended ? roomFlag.ended : 0)
    | (isPending(head, forwarded) ? roomFlag.marked : 0);
  return write.start().u32(head.seq).u32(head.first).u32(head.count).u32(head.version)
    .u32(head.reads).u48(head.lastAt).u32(head.members).u8(flags).u32(forwarded.seq)
    .u32(forwarded.reads).u48(head.createdAt).rest(head.epoch).end();
}

export function packRetention(history: RoomHead['history']): Buffer {
  write.start();
  retention(write, history);
  return write.end();
}

export const packMember = ({ since, at }: Member): Buffer =>
  write.start().u32(since).u48(at).end();
export const packEnded = ({ since, at, user }: Member, until: number): Buffer =>
  write.start().u32(until).u32(since).u48(at).rest(user).end();
export const packPosition = ({ seq, count, version, at }: ReadPosition): Buffer =>
  write.start().u32(seq).u32(count).u32(version).u48(at).end();

/** @param user whose feed it is: what they did themselves names nobody */
export function packFeedEntry(
  entry: Pick<FeedEntry, 'seq' | 'kind' | 'at' | 'by' | 'event'>, alias: number, user: string,
): Buffer {
  const kind = kindNumber[entry.kind] + (entry.event === undefined ? 0 : whole);
  write.start().u32(alias).u32(entry.seq).u8(kind).u48(entry.at);
  if (entry.event !== undefined) {
    return write.text(entry.by).text(entry.event.method).rest(entry.event.params).end();
  }
  return write.rest(entry.by === user ? '' : entry.by).end();
}

export const packRow = (row: KeptRow, alias: number): Buffer => write.start().u32(alias)
  .u32(row.since).u32(row.seq).u48(row.lastAt).u32(row.lastMessage).u32(row.count).u32(row.read)
  .u32(row.reads).u8((row.large ? rowFlag.large : 0) | (row.ended ? rowFlag.ended : 0))
  .rest(row.epoch).end();

export function unpackRow(room: string, bytes: Buffer): KeptRow {
  const reader = new ByteReader(bytes);
  reader.u32();
  const [since, seq, lastAt, lastMessage] =
    [reader.u32(), reader.u32(), reader.u48(), reader.u32()];
  const [count, read, reads, flags] = [reader.u32(), reader.u32(), reader.u32(), reader.u8()];
  return {
    room, epoch: reader.rest(), since, seq, lastAt, lastMessage, count, read, reads,
    large: (flags & rowFlag.large) !== 0, ended: (flags & rowFlag.ended) !== 0,
  };
}

export interface FeedHead {
  readonly n: number;
  readonly floor: number;
  readonly aliases: number;
  readonly total: number;
  readonly oldestAt: number;
  readonly topAt: number;
  readonly top: string;
  readonly epoch: string;
}

export const packFeedHead = (head: FeedHead): Buffer => write.start().u32(head.n).u32(head.floor)
  .u32(head.aliases).u32(head.total).u48(head.oldestAt).u48(head.topAt).text(head.top)
  .rest(head.epoch).end();

export function unpackFeedHead(bytes: Buffer): FeedHead {
  const reader = new ByteReader(bytes);
  const [n, floor, aliases, total] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const [oldestAt, topAt, top] = [reader.u48(), reader.u48(), reader.text()];
  return { n, floor, aliases, total, oldestAt, topAt, top, epoch: reader.rest() };
}
