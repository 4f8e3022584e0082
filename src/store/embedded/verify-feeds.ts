import { idOf, roomKey, tenantOf, type RoomKey, type UserKey } from '../../base/ids.js';
import { decodeEntry, decodeHead } from './entry-codec.js';
import { decodeFeedEntry, decodeFeedHead, decodeRow, type Row } from './feed-codec.js';
import { unreadOf } from './intake.js';
import { FeedKeys, RoomKeys, roomHeadKey } from './keys.js';
import type { Kv } from './kv.js';
import { pairsOf, type Findings } from './verify.js';

/** Compares one feed with itself, its room list, and the logs that it refers to. */
export function verifyFeed(kv: Kv, user: string, bytes: Buffer, findings: Findings): void {
  const key = user as UserKey;
  const where = `feed of ${user.replace('\0', '/')}`;
  const keys = new FeedKeys(key);
  const head = decodeFeedHead(bytes);
  findings.feeds++;
  const rows = new Map<RoomKey, Row>();
  for (const [rowKey, value] of pairsOf(kv, ...keys.rows)) {
    const room = roomKey(tenantOf(key), keys.roomOf(rowKey));
    rows.set(room, decodeRow(room, value));
  }
  let total = 0;
  for (const row of rows.values()) total += unreadOf(row);
  findings.compare(where, 'unread in all', head.total, total);
  compareList(kv, where, keys, head.top, rows, findings);
  compareEntries(kv, key, where, keys, head, rows, findings);
}

function compareList(
  kv: Kv, where: string, keys: FeedKeys, top: { lastAt: number; room: string } | undefined,
  rows: ReadonlyMap<RoomKey, Row>, findings: Findings,
): void {
  const listed = top === undefined ? [] : [`${top.lastAt} ${top.room}`];
  for (const [key] of pairsOf(kv, ...keys.orderBelow(undefined))) {
    const place = keys.placeOf(key);
    listed.push(`${place.lastAt} ${place.room}`);
  }
  const expected = [...rows.values()].filter((row) => !row.ended)
    .map((row) => `${row.lastAt} ${idOf(row.room)}`);
  findings.compare(where, 'order of the room list', listed.sort(), expected.sort());
}

function compareEntries(
  kv: Kv, user: UserKey, where: string, keys: FeedKeys,
  head: { n: number; floor: number }, rows: ReadonlyMap<RoomKey, Row>, findings: Findings,
): void {
  /** The last seq met of each room, by room and epoch. */
  const met = new Map<string, number>();
  let next = head.floor + 1;
  for (const [key, value] of pairsOf(kv, keys.entry(0), keys.entry(2 ** 48 - 1))) {
    const entry = decodeFeedEntry(user, keys.nOf(key), value);
    findings.feedEntries++;
    if (entry.n !== next) findings.note(where, `has ${entry.n} where ${next} is next`);
    next = entry.n + 1;
    if (entry.kind === 'read' || entry.kind === 'user') continue;
    const row = rows.get(entry.room);
    const name = `${entry.room}\0${entry.epoch}`;
    const before = met.get(name);
    met.set(name, entry.seq);
    const follows = before === undefined ? head.floor > 0 : entry.seq === before + 1;
    if (follows || row?.large === true) continue;
    if (!beginsAt(kv, user, entry.room, entry.epoch, entry.seq)) {
      findings.note(where, `${idOf(entry.room)} goes from ${before ?? 'nothing'} to ${entry.seq}`);
    }
  }
  findings.compare(where, 'newest entry', head.n, next - 1);
  for (const row of rows.values()) {
    const last = met.get(`${row.room}\0${row.epoch}`);
    if (last === undefined ? head.floor === 0 : last !== row.seq) {
      findings.note(where, `has ${idOf(row.room)} up to ${last ?? 'nothing'}, the row up to `
        + `${row.seq}`);
    }
  }
}

/** Whether a membership of the user begins with this entry; what is gone can't be asked. */
function beginsAt(
  kv: Kv, user: UserKey, room: RoomKey, epoch: string, seq: number,
): boolean {
  const bytes = kv.get(roomHeadKey(room));
  const head = bytes === undefined ? undefined : decodeHead(idOf(room), bytes);
  if (head === undefined || head.epoch !== epoch || seq < head.first) return true;
  const value = kv.get(new RoomKeys(room, epoch).entry(seq));
  if (value === undefined) return false;
  const { entry } = decodeEntry(seq, value);
  return (entry.kind === 'create' && entry.members.includes(idOf(user)))
    || (entry.kind === 'add' && entry.user === idOf(user));
}
