import { idOf, roomKey, tenantOf, type RoomKey, type UserKey } from '../../base/ids.js';
import type { EntryKind } from '../entry.js';
import type { FeedEntry, RoomRow } from '../feeds.js';
import { ByteReader, corrupted, write } from './codec.js';

type FeedKind = EntryKind | 'read' | 'user';

const kinds: readonly FeedKind[] = ['create', 'message', 'edit', 'delete', 'add', 'remove',
  'title', 'large', 'purge', 'read', 'user'];
const kindByte = new Map(kinds.map((kind, index) => [kind, index]));

/** The head of one feed. The top room stands here and not in the order of the list. */
export interface FeedHead {
  epoch: string;
  /** Position of the newest entry. */
  n: number;
  /** Entries dropped from the old end. */
  floor: number;
  /** When the oldest kept entry was; 0 when none is kept. */
  oldestAt: number;
  /** Unread over all small rooms; moved in the step that moves a row, so that both agree. */
  total: number;
  top: Place | undefined;
}

/** Where a room stands in the list. */
export interface Place {
  readonly lastAt: number;
  /** Room id. */
  readonly room: string;
}

/** A row of the room list, with what forwarding needs to take each thing once. */
export interface Row extends RoomRow {
  readonly epoch: string;
  /** Version of the last read move that was taken (trap 9). */
  readonly reads: number;
  /** The membership or the room has ended: the row only says what was taken. */
  readonly ended: boolean;
}

export function encodeFeedHead(head: FeedHead): Buffer {
  write.start().byte(head.top === undefined ? 0 : 1).text(head.epoch).number(head.n)
    .number(head.floor).number(head.oldestAt).number(head.total);
  if (head.top !== undefined) write.number(head.top.lastAt).text(head.top.room);
  return write.end();
}

export function decodeFeedHead(bytes: Buffer): FeedHead {
  const reader = new ByteReader(bytes, 'head of a feed');
  const hasTop = reader.byte() === 1;
  const epoch = reader.text();
  const [n, floor, oldestAt, total] =
    [reader.number(), reader.number(), reader.number(), reader.number()];
  const top = hasTop ? { lastAt: reader.number(), room: reader.text() } : undefined;
  return { epoch, n, floor, oldestAt, total, top };
}

/** A feed entry as bytes; its position is in the key. */
export function encodeFeedEntry(entry: Omit<FeedEntry, 'n'>): Buffer {
  write.start().byte(kindByte.get(entry.kind) ?? 0).byte(entry.event === undefined ? 0 : 1)
    .number(entry.seq).number(entry.at).text(entry.by)
    .text(idOf(entry.room)).text(entry.epoch);
  if (entry.event !== undefined) write.text(entry.event.method).text(entry.event.params);
  return write.end();
}

export function decodeFeedEntry(user: UserKey, n: number, bytes: Buffer): FeedEntry {
  const reader = new ByteReader(bytes, 'feed entry');
  const kind = kinds[reader.byte()];
  if (kind === undefined) throw corrupted('feed entry');
  const hasEvent = reader.byte() === 1;
  const [seq, at, by] = [reader.number(), reader.number(), reader.text()];
  const room = roomKey(tenantOf(user), reader.text());
  const epoch = reader.text();
  const event = hasEvent ? { event: { method: reader.text(), params: reader.text() } } : {};
  return { n, room, epoch, seq, kind, at, by, ...event };
}

export const encodeRow = (row: Row): Buffer => write.start()
  .byte((row.large ? 1 : 0) | (row.ended ? 2 : 0)).text(row.epoch)
  .number(row.since).number(row.seq).number(row.lastAt).number(row.lastMessage)
  .number(row.count).number(row.read).number(row.reads).end();

export function decodeRow(room: RoomKey, bytes: Buffer): Row {
  const reader = new ByteReader(bytes, 'row of a room list');
  const flags = reader.byte();
  const epoch = reader.text();
  const [since, seq, lastAt, lastMessage] =
    [reader.number(), reader.number(), reader.number(), reader.number()];
  const [count, read, reads] = [reader.number(), reader.number(), reader.number()];
  return {
    room, since, seq, lastAt, lastMessage, count, read, reads, epoch,
    large: (flags & 1) !== 0, ended: (flags & 2) !== 0,
  };
}
