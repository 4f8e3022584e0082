import type { Clock } from '../base/clock.js';
import type { UserKey } from '../base/ids.js';
import type { FeedStore, RoomRow } from '../store/feeds.js';
import type { RoomStore } from '../store/rooms.js';
import type { Store } from '../store/store.js';

/** Rooms with something unread that are read at once to sum them. */
const pageSize = 500;

/**
 * The store as a policy shows it in which a message is new for a while only: what is unread and
 * older counts as read (protocol.md, Positions: newWithinMs). Read positions stay where they are.
 * @param windowMs age up to which an unread message is new
 */
export function newWithin(store: Store, clock: Clock, windowMs: number): Store {
  const shown = (row: RoomRow): Promise<RoomRow> =>
    windowed(store.rooms, row, clock.now() - windowMs);
  const feeds: FeedStore = {
    forward: (items) => store.feeds.forward(items),
    read: (user, after, limit) => store.feeds.read(user, after, limit),
    tell: (users, event, at) => store.feeds.tell(users, event, at),
    async rooms(user, options) {
      const found = await store.feeds.rooms(user, options);
      return { ...found, rows: await Promise.all(found.rows.map(shown)) };
    },
    async rows(user, rooms) {
      const rows = await store.feeds.rows(user, rooms);
      return Promise.all(rows.map(async (row) => (row === undefined ? undefined : shown(row))));
    },
    total: (user) => totalOf(store.feeds, user, shown),
  };
  return {
    rooms: store.rooms, feeds, users: store.users, tables: store.tables,
    durability: () => store.durability(),
    health: () => store.health(),
    close: () => store.close(),
  };
}

async function windowed(rooms: RoomStore, row: RoomRow, since: number): Promise<RoomRow> {
  // Nothing unread, or nothing that the row knows of: no log has to be asked.
  if (!row.large && row.count <= row.read) return row;
  const old = await rooms.countBefore(row.room, since);
  return old <= row.read ? row : { ...row, read: old };
}

async function totalOf(
  feeds: FeedStore, user: UserKey, shown: (row: RoomRow) => Promise<RoomRow>,
): Promise<number> {
  // What the store counts is never less: most of the time it is nothing at all.
  if (await feeds.total(user) === 0) return 0;
  let total = 0;
  let page: string | undefined;
  do {
    const found = await feeds.rooms(user, {
      limit: pageSize, unreadOnly: true, ...(page === undefined ? {} : { page }),
    });
    const small = found.rows.filter(({ large }) => !large);
    for (const { count, read } of await Promise.all(small.map(shown))) {
      total += Math.max(0, count - read);
    }
    page = found.page;
  } while (page !== undefined);
  return total;
}
