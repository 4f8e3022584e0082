import type { RoomEvent } from '../cluster/bus.js';
import { idOf, tenantOf, userKey, type RoomKey } from '../base/ids.js';
import type { LogEntry } from '../store/entry.js';
import type { ForwardItem, ForwardResult } from '../store/feeds.js';
import type { ReadPosition } from '../store/rooms.js';
import { eventOf, receiptEvent, type EncodedEvent } from './events.js';
import { largeTakersOf, takersOf, type Memberships } from './recipients.js';

type Taker = { readonly user: string; readonly since: number };

/** Users of one item: a script or commit of bounded size even for the end of a huge room. */
const maxTakers = 1_000;

/** Where entries are taken to: into feeds, and to those who listen to a large room. */
export interface Spread {
  readonly items: ForwardItem[];
  readonly events: RoomEvent[];
  /** Whether the room stands outside the feeds after the last entry. */
  readonly large: boolean;
}

function itemsOf(
  room: RoomKey, epoch: string, entry: LogEntry, event: EncodedEvent, large: boolean,
  takers: readonly Taker[],
): ForwardItem[] {
  const tenant = tenantOf(room);
  const items: ForwardItem[] = [];
  for (let from = 0; from < takers.length; from += maxTakers) {
    items.push({
      room, epoch, large, event,
      seq: entry.seq,
      kind: entry.kind,
      count: entry.count,
      at: entry.at,
      by: entry.by,
      version: 0,
      ...(entry.kind === 'add' || entry.kind === 'remove' ? { subject: entry.user } : {}),
      ...(entry.key === undefined ? {} : { key: entry.key }),
      users: takers.slice(from, from + maxTakers)
        .map(({ user, since }) => ({ user: userKey(tenant, user), since })),
    });
  }
  return items;
}

/**
 * What is to be done with entries of one room.
 * @param entries without gap
 * @param large whether the room stands outside the feeds before the first of them
 * @param members those who hold the first entry; moved on to after the last. Not asked for in a
 *   large room, except for its end.
 */
export function spread(
  room: RoomKey, epoch: string, entries: readonly LogEntry[], large: boolean,
  members: Memberships,
): Spread {
  const items: ForwardItem[] = [];
  const events: RoomEvent[] = [];
  let outside = large;
  for (const entry of entries) {
    const event = eventOf(idOf(room), epoch, entry);
    const everybody = !outside || entry.kind === 'purge';
    const takers = everybody ? takersOf(members, entry) : largeTakersOf(entry);
    const becomes = entry.kind === 'large' || (entry.kind === 'create' && entry.room === 'channel');
    if (outside) {
      events.push({
        room, epoch, seq: entry.seq, ...event, by: entry.by,
        ...(entry.key === undefined ? {} : { key: entry.key }),
      });
    }
    outside ||= becomes;
    items.push(...itemsOf(room, epoch, entry, event, outside, takers));
  }
  return { items, events, large: outside };
}

/**
 * A moved read position: told to the reader's own feed, and to the other members where the room
 * is small enough for receipts.
 * @param seq how far the room's log was forwarded
 * @param others undefined where receipts are not told
 */
export function readItem(
  room: RoomKey, epoch: string, seq: number, position: ReadPosition, since: number,
  large: boolean, others: Memberships | undefined,
): ForwardItem {
  const tenant = tenantOf(room);
  const users = [{ user: userKey(tenant, position.user), since }];
  for (const [user, from] of others ?? []) {
    if (user !== position.user) users.push({ user: userKey(tenant, user), since: from });
  }
  return {
    room, epoch, seq, large, users,
    kind: 'read',
    count: position.count,
    at: position.at,
    by: position.user,
    version: position.version,
    event: receiptEvent(idOf(room), position.user, position.seq, position.at),
  };
}

/** Items with the users alone whose feeds lack something before them. */
export const stillOpen = (
  items: readonly ForwardItem[], results: readonly ForwardResult[],
): ForwardItem[] => items.flatMap((item, index) => {
  const behind = new Set(results[index]?.behind.map(({ user }) => user));
  const users = item.users.filter(({ user }) => behind.has(user));
  return users.length === 0 ? [] : [{ ...item, users }];
});
