import type { CreateEntry, LogEntry, MessageEntry, RoomHead } from '../store/entry.js';
import { compact } from '../base/compact.js';
import type { MessageJson, RoomJson } from './schemas.js';

/** An event as it is fanned out: encoded once, without cursor and key. */
export interface EncodedEvent {
  readonly method: string;
  /** Params as JSON text, an object with at least one member. */
  readonly params: string;
}

/** A message as history, search and lists show it; deleted ones have no text. */
export function messageJson(
  room: string, epoch: string, entry: MessageEntry, key?: string,
): MessageJson {
  return compact({
    room,
    seq: entry.seq,
    epoch,
    at: entry.at,
    from: entry.by,
    text: entry.text,
    body: entry.body,
    replyTo: entry.replyTo,
    editedAt: entry.editedAt,
    deleted: entry.deleted,
    key,
  });
}

/** A room as methods answer it. */
export function roomJson(head: RoomHead): RoomJson {
  return compact({
    room: head.room,
    kind: head.kind,
    title: head.title,
    owner: head.owner,
    members: head.members,
    large: head.large,
    seq: head.seq,
    epoch: head.epoch,
    createdAt: head.createdAt,
  });
}

const methodOf = {
  create: 'room.created',
  message: 'message.created',
  edit: 'message.edited',
  delete: 'message.deleted',
  add: 'room.memberAdded',
  remove: 'room.memberRemoved',
  title: 'room.updated',
  large: 'room.updated',
  purge: 'room.deleted',
} as const satisfies Record<LogEntry['kind'], string>;

/** What an entry's event says beside its place. */
function contentOf(entry: LogEntry): Record<string, unknown> {
  switch (entry.kind) {
    case 'create':
      return {
        by: entry.by, kind: entry.room, title: entry.title, members: entry.members.length,
      };
    case 'message':
      return {
        from: entry.by, text: entry.text, body: entry.body, replyTo: entry.replyTo,
        editedAt: entry.editedAt, deleted: entry.deleted,
      };
    case 'edit':
      return { by: entry.by, target: entry.target, text: entry.text };
    case 'delete':
      return { by: entry.by, target: entry.target };
    case 'add':
    case 'remove':
      return { user: entry.user, by: entry.by };
    case 'title':
      return { by: entry.by, title: entry.title };
    case 'large':
      return { large: true };
    case 'purge':
      return { by: entry.by };
  }
}

/** The event of a log entry. `room` is the id without its tenant. */
export function eventOf(room: string, epoch: string, entry: LogEntry): EncodedEvent {
  const { seq, at } = entry;
  return {
    method: methodOf[entry.kind],
    // Undefined members are left out by JSON.stringify itself.
    params: JSON.stringify({ room, seq, epoch, at, ...contentOf(entry) }),
  };
}

/**
 * The event of an entry that is kept no longer: a message without its text; of anything else only
 * that the room has changed, so that no place in the feed is passed over in silence.
 */
export function eventOfLost(
  room: string, epoch: string, seq: number, at: number, kind: LogEntry['kind'], by: string,
): EncodedEvent {
  if (kind === 'message') {
    return {
      method: 'message.created',
      params: JSON.stringify({ room, seq, epoch, at, from: by, deleted: true }),
    };
  }
  return { method: 'room.updated', params: JSON.stringify({ room, seq, epoch, at, by }) };
}

/** How far a user has read: state, so the latest wins, and no place in the log. */
export const receiptEvent = (
  room: string, user: string, read: number, at: number,
): EncodedEvent => ({
  method: 'message.receipt', params: JSON.stringify({ room, user, read, at }),
});

/** Adds members to encoded params: one concatenation for each recipient. */
export const withMember = (params: string, name: string, value: string): string =>
  `${params.slice(0, -1)},"${name}":${JSON.stringify(value)}}`;

/** The head of a room that was just created, from its entry: no need to read it back. */
export function headOfCreated(
  room: string, epoch: string, entry: CreateEntry, last: LogEntry, large: boolean,
): RoomHead {
  return compact({
    room,
    kind: entry.room,
    title: entry.title,
    owner: entry.by,
    createdAt: entry.at,
    history: entry.history,
    members: entry.members.length,
    large,
    purged: false,
    epoch,
    seq: last.seq,
    first: entry.seq,
    count: 0,
    version: last.seq,
    reads: 0,
    lastAt: last.at,
  });
}

