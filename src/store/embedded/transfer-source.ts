import {
  idOf, roomKey, tenantOf, userKey, type RoomKey, type UserKey,
} from '../../base/ids.js';
import {
  inWindow, type KeyWindow, type PartRecord, type RoomRecord, type TransferRecord,
  type TransferSize, type UnitRecord, type UserRecord,
} from '../transfer.js';
import type { LogEntry, RoomHead } from '../entry.js';
import { ByteReader, decodeText } from './codec.js';
import { decodeEntry, decodeHead } from './entry-codec.js';
import { decodeFeedEntry, decodeFeedHead, decodeRow } from './feed-codec.js';
import {
  callKeyOf, FeedKeys, markKey, profileKeyOf, roomHeadKey, RoomKeys, rowKeyOf,
  tagRange, textOf,
} from './keys.js';
import type { Kv } from './kv.js';
import { decodeCall, decodeInterval, decodeMark, decodePosition } from './room-codec.js';
import { decodeProfile } from './users.js';
import { pairsOf } from './verify.js';

/** Counts what is kept by the heads alone. */
export function sizeOf(kv: Kv): TransferSize {
  const size = { rooms: 0, users: 0, entries: 0 };
  for (const [key, value] of pairsOf(kv, ...tagRange('h'))) {
    const { seq, first } = decodeHead(textOf(key.slice(1)), value);
    size.rooms += 1;
    size.entries += seq - first + 1;
  }
  for (const user of usersOf(kv)) {
    const head = kv.get(new FeedKeys(user).head);
    const { n, floor } = head === undefined ? { n: 0, floor: 0 } : decodeFeedHead(head);
    size.users += 1;
    size.entries += n - floor;
  }
  return size;
}

/** All records of the store, in their order; reads a little at a time. */
export function* recordsOf(kv: Kv, window: KeyWindow): Generator<TransferRecord> {
  for (const [key, value] of pairsOf(kv, ...tagRange('h'))) {
    yield* roomRecords(kv, textOf(key.slice(1)) as RoomKey, value, window);
  }
  for (const user of usersOf(kv)) yield* userRecords(kv, user);
  for (const [key, value] of pairsOf(kv, ...tagRange('y'))) {
    const name = textOf(key.slice(1));
    const nul = name.indexOf('\0');
    const until = new ByteReader(value, 'revoked token').number();
    if (until <= window.nowMs) continue;
    yield { type: 'token', tenant: name.slice(0, nul), tokenId: name.slice(nul + 1), until };
  }
  for (const [key, value] of pairsOf(kv, ...tagRange('t'))) {
    const name = textOf(key.slice(1));
    const nul = name.indexOf('\0');
    yield {
      type: 'tableRow', table: name.slice(0, nul), key: name.slice(nul + 1),
      value: decodeText(value, 'row'),
    };
  }
}

function* roomRecords(
  kv: Kv, room: RoomKey, value: Buffer, window: KeyWindow,
): Generator<TransferRecord> {
  const unit = roomRecord(kv, room, value);
  yield unit;
  const { head } = unit;
  const keys = new RoomKeys(room, head.epoch);
  for (const [key, bytes] of pairsOf(kv, keys.entry(head.first), keys.entry(head.seq + 1))) {
    const { entry, chain } = decodeEntry(keys.seqOf(key), bytes);
    const digest = digestOf(kv, room, head, entry, window);
    yield {
      type: 'entry', entry, ...(chain === 0 ? {} : { chain }),
      ...(digest === undefined ? {} : { digest }),
    };
  }
  for (const [key, bytes] of pairsOf(kv, ...keys.membersAfter(''))) {
    yield { type: 'member', member: { user: keys.memberOf(key), ...decodeInterval(bytes) } };
  }
  for (const [key, bytes] of pairsOf(kv, ...keys.endedFrom(0))) {
    const { until, user } = keys.endedOf(key);
    yield { type: 'ended', member: { user, ...decodeInterval(bytes) }, until };
  }
  for (const [key, bytes] of pairsOf(kv, ...keys.positions)) {
    const position = { user: keys.positionOf(key), ...decodePosition(bytes) };
    yield { type: 'position', position };
  }
}

function roomRecord(kv: Kv, room: RoomKey, value: Buffer): RoomRecord {
  const head = decodeHead(idOf(room), value);
  const kept = kv.get(markKey(room));
  const { seq, reads } = kept === undefined ? head : decodeMark(kept);
  return { type: 'room', tenant: tenantOf(room), head, forwarded: { seq, reads } };
}

/** The record of a unit as this store holds it; undefined where it holds none. */
export function unitIn(kv: Kv, unit: UnitRecord): UnitRecord | undefined {
  if (unit.type === 'token') return undefined;
  if (unit.type === 'tableRow') {
    const kept = kv.get(rowKeyOf(unit.table, unit.key));
    return kept === undefined ? undefined : { ...unit, value: decodeText(kept, 'row') };
  }
  if (unit.type === 'room') {
    const room = roomKey(unit.tenant, unit.head.room);
    const value = kv.get(roomHeadKey(room));
    return value === undefined ? undefined : roomRecord(kv, room, value);
  }
  const held = userRecord(kv, userKey(unit.tenant, unit.user));
  return held.profile === undefined && held.feed === undefined ? undefined : held;
}

/** The digest that is remembered for an entry's key, where the entry is what was answered. */
function digestOf(
  kv: Kv, room: RoomKey, head: RoomHead, entry: LogEntry, window: KeyWindow,
): string | undefined {
  if (entry.key === undefined || !inWindow(entry.at, window)) return undefined;
  const bytes = kv.get(callKeyOf(room, entry.by, entry.key));
  const call = bytes === undefined ? undefined : decodeCall(bytes);
  return call?.seq === entry.seq && call.epoch === head.epoch ? call.digest : undefined;
}

/** Everyone with a feed or a profile, in the order of the keys, each once. */
function* usersOf(kv: Kv): Generator<UserKey> {
  const feeds = pairsOf(kv, ...tagRange('f'));
  const profiles = pairsOf(kv, ...tagRange('u'));
  const keyOf = (next: IteratorResult<readonly [string, Buffer]>): string | undefined =>
    next.done === true ? undefined : next.value[0].slice(1);
  let [feed, profile] = [keyOf(feeds.next()), keyOf(profiles.next())];
  while (feed !== undefined || profile !== undefined) {
    const next = profile === undefined || (feed !== undefined && feed < profile) ? feed : profile;
    if (next === undefined) return;
    yield textOf(next) as UserKey;
    if (feed === next) feed = keyOf(feeds.next());
    if (profile === next) profile = keyOf(profiles.next());
  }
}

function userRecord(kv: Kv, user: UserKey): UserRecord {
  const bytes = kv.get(new FeedKeys(user).head);
  const profile = kv.get(profileKeyOf(user));
  const { epoch, n, floor } = bytes === undefined
    ? { epoch: '', n: 0, floor: 0 } : decodeFeedHead(bytes);
  return {
    type: 'user', tenant: tenantOf(user), user: idOf(user),
    ...(profile === undefined ? {} : { profile: decodeProfile(idOf(user), profile) }),
    ...(bytes === undefined ? {} : { feed: { epoch, n, floor } }),
  };
}

function* userRecords(kv: Kv, user: UserKey): Generator<TransferRecord> {
  const unit = userRecord(kv, user);
  yield unit;
  const { feed: head } = unit;
  if (head === undefined) return;
  const keys = new FeedKeys(user);
  for (const [key, bytes] of pairsOf(kv, keys.entry(head.floor + 1), keys.entry(head.n + 1))) {
    const entry = decodeFeedEntry(user, keys.nOf(key), bytes);
    yield { type: 'feedEntry', entry: { ...entry, room: idOf(entry.room) } };
  }
  for (const [key, bytes] of pairsOf(kv, ...keys.rows)) {
    const room = keys.roomOf(key);
    const row: PartRecord = {
      type: 'row', row: { ...decodeRow(`${tenantOf(user)}\0${room}` as RoomKey, bytes), room },
    };
    yield row;
  }
}
