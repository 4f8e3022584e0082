import { compact } from '../base/compact.js';
import { idOf, type UserKey } from '../base/ids.js';
import type { LogEntry, MessageEntry, RoomHead } from '../store/entry.js';
import type { RoomRow } from '../store/feeds.js';
import type { RoomStore } from '../store/rooms.js';
import type { Store } from '../store/store.js';
import { peerOf } from './direct.js';
import { messageJson } from './events.js';
import { fitting } from './fit.js';
import type { RoomRowJson, StateJson } from './schemas.js';

/** The first page of the list, for clients that cannot go on from where they were. */
const statePage = 50;

export interface RowsWanted {
  readonly limit: number;
  readonly page?: string;
  readonly unreadOnly?: boolean;
}

/** Unread of a row: messages after the read position, by ordinals that only grow (trap 8). */
export const unreadOf = (row: RoomRow, head: RoomHead | undefined): number =>
  Math.max(0, (row.large && head !== undefined ? head.count : row.count) - row.read);

async function newestOf(
  rooms: RoomStore, rows: readonly RoomRow[],
): Promise<(MessageEntry | undefined)[]> {
  const ranges = rows.map(({ room, lastMessage }) => ({
    room, from: lastMessage, to: lastMessage,
  }));
  // A large room's row knows no newer message than the last that concerned its member.
  const [entries, large] = await Promise.all([
    rooms.ranges(ranges.map((range, index) => (rows[index]?.large === true || range.from === 0
      ? { ...range, from: 1, to: 0 } : range))),
    Promise.all(rows.map(async ({ room, large: isLarge }) => (isLarge
      ? await rooms.messages(room, undefined, 1) : undefined))),
  ]);
  return rows.map((_, index) => {
    const entry: LogEntry | undefined = entries[index]?.[0] ?? large[index]?.messages[0];
    return entry?.kind === 'message' ? entry : undefined;
  });
}

async function peerIn(rooms: RoomStore, row: RoomRow, user: string): Promise<string | undefined> {
  const named = peerOf(idOf(row.room), user);
  if (named !== undefined) return named;
  const members = await rooms.members(row.room, '', 2);
  return members.find((member) => member.user !== user)?.user;
}

/** Rows as methods show them; undefined for a room that was deleted meanwhile. */
export async function rowsJson(
  rooms: RoomStore, user: UserKey, rows: readonly RoomRow[],
): Promise<(RoomRowJson | undefined)[]> {
  const [heads, newest] = await Promise.all([
    rooms.heads(rows.map(({ room }) => room)), newestOf(rooms, rows),
  ]);
  return await Promise.all(rows.map(async (row, index) => {
    const head = heads[index];
    // Deleted, and the news of it is on its way to this feed.
    if (head === undefined || head.purged) return undefined;
    const message = newest[index];
    const room = idOf(row.room);
    return compact({
      room,
      title: head.title,
      kind: head.kind,
      lastMessage: message === undefined ? undefined : messageJson(room, head.epoch, message),
      lastAt: row.large ? Math.max(row.lastAt, message?.at ?? 0) : row.lastAt,
      unread: unreadOf(row, head),
      peer: head.kind === 'direct' ? await peerIn(rooms, row, idOf(user)) : undefined,
    });
  }));
}

/**
 * A page of a user's rooms, the most recent first.
 * @param maxBytes the answer's limit; the page ends early rather than pass it
 */
export async function roomRows(
  store: Store, user: UserKey, wanted: RowsWanted, maxBytes: number,
): Promise<{ rooms: RoomRowJson[]; page?: string }> {
  const found = await store.feeds.rooms(user, wanted);
  const rendered = await rowsJson(store.rooms, user, found.rows);
  const fits = fitting(rendered.map((row) => row ?? null), maxBytes);
  if (fits < found.rows.length) {
    // Only the store can say where the page after a shorter one begins.
    return await roomRows(store, user, { ...wanted, limit: fits }, 0);
  }
  const rooms = rendered.filter((row) => row !== undefined)
    .filter((row) => wanted.unreadOnly !== true || row.unread > 0);
  return found.page === undefined ? { rooms } : { rooms, page: found.page };
}

/** What a client starts from when its cursor leads nowhere any more. */
export async function stateOf(store: Store, user: UserKey, maxBytes: number): Promise<StateJson> {
  const [page, total] = await Promise.all([
    roomRows(store, user, { limit: statePage }, maxBytes), store.feeds.total(user),
  ]);
  return { ...page, total };
}

/** Large rooms and channels of a user: what a session must listen to beside its feed. */
export async function largeRoomsOf(store: Store, user: UserKey): Promise<RoomRow[]> {
  const rows: RoomRow[] = [];
  let page: string | undefined;
  do {
    const found = await store.feeds.rooms(user, {
      limit: 500, largeOnly: true, ...(page === undefined ? {} : { page }),
    });
    rows.push(...found.rows.filter(({ large }) => large));
    page = found.page;
  } while (page !== undefined);
  return rows;
}
