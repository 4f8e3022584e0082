import type {
  EntryKind, LogEntry, MessageEntry, Retention, RoomHead, RoomKind,
} from '../entry.js';
import { ByteReader, corrupted, write } from './codec.js';

/**
 * An entry as it is kept. `chain` ties the edits of a message together, so that deleting it finds
 * their texts: of a message the seq of its newest edit, of an edit that of the one before it; 0
 * where there is none.
 */
export interface Stored {
  readonly entry: LogEntry;
  readonly chain: number;
}

const entryKinds: readonly EntryKind[] =
  ['create', 'message', 'edit', 'delete', 'add', 'remove', 'title', 'large', 'purge'];
const entryKindByte = new Map(entryKinds.map((kind, index) => [kind, index]));
export const roomKinds: readonly RoomKind[] = ['group', 'channel', 'direct'];

const hasKey = 1;
const hasText = 2;
const hasBody = 4;
const hasReply = 8;
const hasEdited = 16;
const isDeleted = 32;
const hasMaxMessages = 64;
const hasMaxAge = 128;

function flagsOf(entry: LogEntry): number {
  let flags = entry.key === undefined ? 0 : hasKey;
  switch (entry.kind) {
    case 'message':
      if (entry.text !== undefined) flags |= hasText;
      if (entry.body !== undefined) flags |= hasBody;
      if (entry.replyTo !== undefined) flags |= hasReply;
      if (entry.editedAt !== undefined) flags |= hasEdited;
      if (entry.deleted === true) flags |= isDeleted;
      return flags;
    case 'edit':
      return entry.text === undefined ? flags : flags | hasText;
    case 'title':
      return entry.title === undefined ? flags : flags | hasText;
    case 'create':
      if (entry.title !== undefined) flags |= hasText;
      if (entry.history?.maxMessages !== undefined) flags |= hasMaxMessages;
      if (entry.history?.maxAgeMs !== undefined) flags |= hasMaxAge;
      return flags;
    default:
      return flags;
  }
}

/** An entry as bytes; its seq is in the key. */
export function encodeEntry({ entry, chain }: Stored): Buffer {
  write.start().byte(entryKindByte.get(entry.kind) ?? 0).byte(flagsOf(entry))
    .number(entry.at).text(entry.by).number(entry.count).number(chain);
  if (entry.key !== undefined) write.text(entry.key);
  switch (entry.kind) {
    case 'message':
      if (entry.text !== undefined) write.text(entry.text);
      if (entry.body !== undefined) write.text(JSON.stringify(entry.body));
      if (entry.replyTo !== undefined) write.number(entry.replyTo);
      if (entry.editedAt !== undefined) write.number(entry.editedAt);
      break;
    case 'edit':
      write.number(entry.target);
      if (entry.text !== undefined) write.text(entry.text);
      break;
    case 'delete':
      write.number(entry.target);
      break;
    case 'add':
    case 'remove':
      write.text(entry.user);
      break;
    case 'title':
      if (entry.title !== undefined) write.text(entry.title);
      break;
    case 'create':
      write.byte(roomKinds.indexOf(entry.room));
      if (entry.title !== undefined) write.text(entry.title);
      writeRetention(entry.history);
      write.number(entry.members.length);
      for (const member of entry.members) write.text(member);
      break;
    default:
  }
  return write.end();
}

function writeRetention(history: Retention | undefined): void {
  if (history?.maxMessages !== undefined) write.number(history.maxMessages);
  if (history?.maxAgeMs !== undefined) write.number(history.maxAgeMs);
}

function readRetention(reader: ByteReader, flags: number): { history?: Retention } {
  if ((flags & (hasMaxMessages | hasMaxAge)) === 0) return {};
  const maxMessages = flags & hasMaxMessages ? { maxMessages: reader.number() } : {};
  const maxAgeMs = flags & hasMaxAge ? { maxAgeMs: reader.number() } : {};
  return { history: { ...maxMessages, ...maxAgeMs } };
}

function readRoomKind(reader: ByteReader): RoomKind {
  const kind = roomKinds[reader.byte()];
  if (kind === undefined) throw corrupted('kind of room');
  return kind;
}

function decodeMessage(
  reader: ByteReader, flags: number,
  base: { seq: number; at: number; by: string; count: number; key?: string },
): MessageEntry {
  const text = flags & hasText ? { text: reader.text() } : {};
  const body: { body?: unknown } = flags & hasBody ? { body: JSON.parse(reader.text()) } : {};
  const replyTo = flags & hasReply ? { replyTo: reader.number() } : {};
  const editedAt = flags & hasEdited ? { editedAt: reader.number() } : {};
  return {
    ...base, kind: 'message', ...text, ...body, ...replyTo, ...editedAt,
    ...(flags & isDeleted ? { deleted: true } : {}),
  };
}

/** The inverse of {@link encodeEntry}. */
export function decodeEntry(seq: number, bytes: Buffer): Stored {
  const reader = new ByteReader(bytes, 'log entry');
  const kind = entryKinds[reader.byte()];
  const flags = reader.byte();
  const at = reader.number();
  const by = reader.text();
  const count = reader.number();
  const chain = reader.number();
  const base = {
    seq, at, by, count, ...(flags & hasKey ? { key: reader.text() } : {}),
  };
  switch (kind) {
    case 'message':
      return { entry: decodeMessage(reader, flags, base), chain };
    case 'edit': {
      const target = reader.number();
      const text = flags & hasText ? { text: reader.text() } : {};
      return { entry: { ...base, kind, target, ...text }, chain };
    }
    case 'delete':
      return { entry: { ...base, kind, target: reader.number() }, chain };
    case 'add':
    case 'remove':
      return { entry: { ...base, kind, user: reader.text() }, chain };
    case 'title':
      return { entry: { ...base, kind, ...(flags & hasText ? { title: reader.text() } : {}) },
        chain };
    case 'create': {
      const room = readRoomKind(reader);
      const title = flags & hasText ? { title: reader.text() } : {};
      const history = readRetention(reader, flags);
      const members = Array.from({ length: reader.number() }, () => reader.text());
      return { entry: { ...base, kind, room, ...title, members, ...history }, chain };
    }
    case 'large':
    case 'purge':
      return { entry: { ...base, kind }, chain };
    default:
      throw corrupted('log entry');
  }
}

const headLarge = 1;
const headPurged = 2;

/** A room's head as bytes; the room itself is in the key. */
export function encodeHead(head: RoomHead): Buffer {
  const { history } = head;
  write.start()
    .byte((head.large ? headLarge : 0) | (head.purged ? headPurged : 0)
      | (head.title === undefined ? 0 : hasReply)
      | (history?.maxMessages === undefined ? 0 : hasMaxMessages)
      | (history?.maxAgeMs === undefined ? 0 : hasMaxAge))
    .byte(roomKinds.indexOf(head.kind)).text(head.owner).number(head.createdAt)
    .number(head.members).text(head.epoch).number(head.seq).number(head.first)
    .number(head.count).number(head.version).number(head.reads).number(head.lastAt);
  if (head.title !== undefined) write.text(head.title);
  writeRetention(history);
  return write.end();
}

export function decodeHead(room: string, bytes: Buffer): RoomHead {
  const reader = new ByteReader(bytes, 'head of a room');
  const flags = reader.byte();
  const kind = readRoomKind(reader);
  const owner = reader.text();
  const createdAt = reader.number();
  const members = reader.number();
  const epoch = reader.text();
  const [seq, first, count, version, reads, lastAt] = [reader.number(), reader.number(),
    reader.number(), reader.number(), reader.number(), reader.number()];
  const title = flags & hasReply ? { title: reader.text() } : {};
  return {
    room, kind, ...title, owner, createdAt, ...readRetention(reader, flags), members,
    large: (flags & headLarge) !== 0, purged: (flags & headPurged) !== 0,
    epoch, seq, first, count, version, reads, lastAt,
  };
}
