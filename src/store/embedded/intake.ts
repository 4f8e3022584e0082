import type { ForwardItem } from '../feeds.js';
import { idOf, type UserKey } from '../../base/ids.js';
import type { Row } from './feed-codec.js';

/** What a feed does with one item: take it with this row, leave it, or ask for what is before. */
export type Intake =
  | { readonly take: true; readonly row: Row }
  | { readonly take: false; readonly behind?: number };

const skip: Intake = { take: false };

/** Unread of one row: none for large rooms, never below 0. */
export const unreadOf = (row: Row | undefined): number =>
  row === undefined || row.ended || row.large ? 0 : Math.max(0, row.count - row.read);

/**
 * Whether an item is next for a user's feed, and how the row of its room changes. Pure; the same
 * item again is left (idempotent by seq, reads by version).
 * @param since seq at which the user's membership begins
 */
export function intake(
  row: Row | undefined, item: ForwardItem, user: UserKey, since: number,
): Intake {
  const known = row !== undefined && row.epoch === item.epoch ? row : undefined;
  if (item.kind === 'read') return readMove(known, item, user);
  if (known !== undefined && item.seq <= known.seq) return skip;
  if (item.seq === since) return { take: true, row: begun(item, since, user) };
  if (known === undefined || known.seq < since) return { take: false, behind: since };
  if (known.ended) return skip;
  // Of large rooms only the memberships that concern a user come by, so gaps are none.
  if (!known.large && item.seq !== known.seq + 1) return { take: false, behind: known.seq + 1 };
  return { take: true, row: moved(known, item, user) };
}

/** A row of its own for each membership: what was before it is not the user's to count. */
function begun(item: ForwardItem, since: number, user: UserKey): Row {
  const message = item.kind === 'message';
  // A room may begin for someone with a message where its log was trimmed before it.
  const before = message && item.by !== idOf(user) ? item.count - 1 : item.count;
  return {
    room: item.room, since, seq: item.seq, lastAt: item.at, lastMessage: message ? item.seq : 0,
    count: item.count, read: before, large: item.large, epoch: item.epoch, reads: 0,
    ended: false,
  };
}

function moved(row: Row, item: ForwardItem, user: UserKey): Row {
  const { kind } = item;
  const message = kind === 'message';
  const ended = kind === 'purge' || (kind === 'remove' && item.subject === idOf(user));
  // Spelled out: copying by spread costs more than all the rest of a delivery's row.
  return {
    room: row.room, since: row.since, seq: item.seq,
    lastAt: message ? Math.max(row.lastAt, item.at) : row.lastAt,
    lastMessage: message ? item.seq : row.lastMessage,
    count: Math.max(row.count, item.count),
    // Writing moves one's own read position.
    read: message && item.by === idOf(user) ? item.count : row.read,
    large: row.large || item.large, epoch: row.epoch, reads: row.reads,
    ended: row.ended || ended,
  };
}

function readMove(row: Row | undefined, item: ForwardItem, user: UserKey): Intake {
  if (row === undefined || row.ended || item.version <= row.reads) return skip;
  const read = item.by === idOf(user) ? Math.max(row.read, item.count) : row.read;
  return { take: true, row: { ...row, reads: item.version, read } };
}
