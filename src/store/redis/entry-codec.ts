import { createHash } from 'node:crypto';
import type { CallKey, AppendOp } from '../rooms.js';
import type { EntryKind, LogEntry, Retention, RoomKind } from '../entry.js';
import { ByteReader, ByteWriter, write } from './bytes.js';

/** Numbers of kinds, as room.lua and feed.lua name them. */
export const kindNumber: Readonly<Record<EntryKind | 'read' | 'user', number>> = {
  create: 1, message: 2, edit: 3, delete: 4, add: 5, remove: 6, title: 7, large: 8, purge: 9,
  read: 10, user: 11,
};
export const kinds = Object.keys(kindNumber) as readonly (keyof typeof kindNumber)[];

const flag = { key: 1, reply: 2, title: 2, edit: 4, deleted: 8, body: 16 } as const;
export const roomLetters: Readonly<Record<RoomKind, string>> = {
  group: 'g', channel: 'c', direct: 'd',
};

/** The room kind of a letter; undefined for damage. */
export function roomKindOf(letter: string): RoomKind | undefined {
  for (const kind of ['group', 'channel', 'direct'] as const) {
    if (roomLetters[kind] === letter) return kind;
  }
  return undefined;
}

export const corrupted = (what: string): Error => new Error(`redis: ${what} is damaged`);

function flagsOf(op: AppendOp): number {
  const flags = op.call.given ? flag.key : 0;
  if (op.kind === 'message') {
    return flags | (op.replyTo === undefined ? 0 : flag.reply)
      | (op.body === undefined ? 0 : flag.body);
  }
  if (op.kind === 'create' || op.kind === 'title') {
    return op.title === undefined ? flags : flags | flag.title;
  }
  return flags;
}

function numberOf(op: AppendOp): number {
  switch (op.kind) {
    case 'create':
      return op.members.length;
    case 'add':
      return op.users.length;
    case 'edit':
    case 'delete':
      return op.target;
    default:
      return 0;
  }
}

/** A room's bounds, as `y` of its hash and its first entry hold them. */
export function retention(to: ByteWriter, history: Retention | undefined): void {
  // One more than the bound, so that 0 can say that there is none.
  to.u32(history?.maxMessages === undefined ? 0 : history.maxMessages + 1)
    .u48(history?.maxAgeMs === undefined ? 0 : history.maxAgeMs + 1);
}

export function readRetention(reader: ByteReader): { history?: Retention } {
  const most = reader.u32();
  const age = reader.u48();
  if (most === 0 && age === 0) return {};
  return {
    history: {
      ...(most === 0 ? {} : { maxMessages: most - 1 }),
      ...(age === 0 ? {} : { maxAgeMs: age - 1 }),
    },
  };
}

function packRest(op: AppendOp, newEpoch: () => string): void {
  switch (op.kind) {
    case 'create':
      write.text(newEpoch()).rest(roomLetters[op.room]).text(op.title ?? '');
      retention(write, op.history);
      for (const member of op.members) write.text(member);
      break;
    case 'message':
      if (op.replyTo !== undefined) write.u32(op.replyTo);
      write.rest(op.body === undefined ? op.text ?? '' : JSON.stringify(op.body));
      break;
    case 'edit':
      write.rest(op.text);
      break;
    case 'add':
      for (const user of op.users) write.text(user);
      break;
    case 'remove':
      write.rest(op.user);
      break;
    case 'title':
      write.rest(op.title ?? '');
      break;
    default:
  }
}

function packOp(
  kind: number, at: number, expect: number, hash: Uint8Array, digest: string, number: number,
  flags: number, by: string, key: string,
): void {
  // by is `H` behind one byte of flags; a key that was given stands behind it.
  const prefixBytes = 3 + Buffer.byteLength(by)
    + (flags & flag.key ? 2 + Buffer.byteLength(key) : 0);
  write.start().u8(kind).u48(at).u32(expect).bytes(hash).text(digest).u32(number)
    .u16(prefixBytes).u8(flags).text(by);
  if (flags & flag.key) write.text(key);
}

/** Kept beside each key; a longer digest is digested again. */
const digestLength = 24;

const shortDigest = (digest: string): string => (digest.length <= digestLength
  ? digest : createHash('sha1').update(digest).digest('base64url').slice(0, digestLength));

/**
 * An operation as append.lua reads it.
 * @param hash 12 bytes that name (room, by, key)
 */
export function encodeOp(op: AppendOp, hash: Uint8Array, newEpoch: () => string): Buffer {
  const { call }: { call: CallKey } = op;
  packOp(kindNumber[op.kind], op.at, op.expect, hash, shortDigest(call.digest),
    numberOf(op), flagsOf(op), op.by, call.key);
  packRest(op, newEpoch);
  return write.end();
}

const noHash = new Uint8Array(12);

/** A move of a read position, which goes the same way as operations. */
export function encodeRead(user: string, seq: number, at: number): Buffer {
  packOp(kindNumber.read, at, 0, noHash, '', seq, 0, user, '');
  return write.end();
}

type Base = { seq: number; at: number; by: string; count: number; key?: string };

function decodeMessage(reader: ByteReader, flags: number, base: Base): LogEntry {
  const replyTo = flags & flag.reply ? { replyTo: reader.u32() } : {};
  let edited = {};
  if (flags & flag.edit) {
    edited = { editedAt: reader.u48() };
    reader.u32();
  }
  if (flags & flag.deleted) {
    return { ...base, kind: 'message', ...replyTo, ...edited, deleted: true };
  }
  const rest = reader.rest();
  const content: { text?: string; body?: unknown } =
    flags & flag.body ? { body: JSON.parse(rest) } : { text: rest };
  return { ...base, kind: 'message', ...content, ...replyTo, ...edited };
}

function decodeCreate(reader: ByteReader, flags: number, base: Base): LogEntry {
  const room = roomKindOf(String.fromCharCode(reader.u8()));
  if (room === undefined) throw corrupted('kind of room');
  const title = reader.text();
  const history = readRetention(reader);
  const members = new Set<string>();
  while (!reader.ended) members.add(reader.text());
  return {
    ...base, kind: 'create', room, ...(flags & flag.title ? { title } : {}),
    members: [...members], ...history,
  };
}

/** An entry of a log; its seq is its place there. */
export function decodeEntry(seq: number, bytes: Buffer): LogEntry {
  const reader = new ByteReader(bytes);
  const at = reader.u48();
  const count = reader.u32();
  const kind = kinds[reader.u8() - 1];
  const flags = reader.u8();
  const by = reader.text();
  const base: Base = { seq, at, by, count, ...(flags & flag.key ? { key: reader.text() } : {}) };
  switch (kind) {
    case 'create':
      return decodeCreate(reader, flags, base);
    case 'message':
      return decodeMessage(reader, flags, base);
    case 'edit': {
      const target = reader.u32();
      reader.u32();
      if (flags & flag.deleted) return { ...base, kind, target };
      return { ...base, kind, target, text: reader.rest() };
    }
    case 'delete':
      return { ...base, kind, target: reader.u32() };
    case 'add':
    case 'remove':
      return { ...base, kind, user: reader.rest() };
    case 'title':
      return { ...base, kind, ...(flags & flag.title ? { title: reader.rest() } : {}) };
    case 'large':
    case 'purge':
      return { ...base, kind };
    default:
      throw corrupted('log entry');
  }
}
