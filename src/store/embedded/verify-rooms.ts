import { idOf, tenantOf, userKey, type RoomKey } from '../../base/ids.js';
import type { LogEntry, RoomHead } from '../entry.js';
import { decodeText } from './codec.js';
import { decodeEntry, decodeHead } from './entry-codec.js';
import { decodeRow } from './feed-codec.js';
import { unreadOf } from './intake.js';
import { FeedKeys, RoomKeys, markKey } from './keys.js';
import type { Kv } from './kv.js';
import { decodeInterval, decodeMark, decodePosition, type Position } from './room-codec.js';
import { pairsOf, type Findings } from './verify.js';

/** A membership as the log tells it. */
interface Derived {
  readonly since: number;
  /** Messages before it began: what a newcomer has not to read. */
  readonly count: number;
}

/** What a room's log says, once read through. */
class Replay {
  readonly members = new Map<string, Derived>();
  readonly gone = new Set<string>();
  /** The newest message of each author. */
  readonly own = new Map<string, { seq: number; count: number }>();
  /** Ordinal of the newest message at or before each kept seq. */
  readonly counts: number[] = [];
  readonly messageSeqs: number[] = [];
  large = false;
  version = 0;
  purged = false;
  last: LogEntry | undefined;

  constructor(readonly head: RoomHead) {}

  take(entry: LogEntry): void {
    this.last = entry;
    this.counts.push(entry.count);
    if (!['message', 'edit', 'delete'].includes(entry.kind)) this.version = entry.seq;
    const begun = { since: entry.seq, count: entry.count };
    switch (entry.kind) {
      case 'create':
        for (const user of entry.members) this.members.set(user, begun);
        this.large = entry.room === 'channel';
        break;
      case 'message':
        this.own.set(entry.by, { seq: entry.seq, count: entry.count });
        this.messageSeqs.push(entry.seq);
        break;
      case 'add':
        this.members.set(entry.user, begun);
        this.gone.delete(entry.user);
        break;
      case 'remove':
        this.members.delete(entry.user);
        this.gone.add(entry.user);
        break;
      case 'large':
        this.large = true;
        break;
      case 'purge':
        this.purged = true;
        break;
      default:
    }
  }

  /** Ordinal at a kept seq. */
  countAt(seq: number): number | undefined {
    return this.counts[seq - this.head.first];
  }

  /** Seq of the newest message at or before one seq, 0 for none from `since` on. */
  messageAt(seq: number, since: number): number {
    const found = this.messageSeqs.findLast((message) => message <= seq) ?? 0;
    return found >= since ? found : 0;
  }
}

/** Compares one room, and its rows in its members' lists, with its log. */
export function verifyRoom(kv: Kv, room: string, bytes: Buffer, findings: Findings): void {
  const key = room as RoomKey;
  const where = `room ${room.replace('\0', '/')}`;
  const head = decodeHead(idOf(key), bytes);
  const keys = new RoomKeys(key, head.epoch);
  const replay = new Replay(head);
  findings.rooms++;
  let expected = head.first;
  let count = -1;
  for (const [entryKey, value] of pairsOf(kv, keys.entry(0), keys.entry(2 ** 48 - 1))) {
    const { entry } = decodeEntry(keys.seqOf(entryKey), value);
    findings.entries++;
    if (entry.seq !== expected) {
      findings.note(where, `its log has seq ${entry.seq} where ${expected} is next`);
      return;
    }
    const one = entry.kind === 'message' ? 1 : 0;
    if (count !== -1) findings.compare(where, `ordinal at ${entry.seq}`, entry.count, count + one);
    count = entry.count;
    expected++;
    replay.take(entry);
  }
  findings.compare(where, 'newest seq', head.seq, expected - 1);
  if (replay.last !== undefined) findings.compare(where, 'messages', head.count, replay.last.count);
  compareHead(where, replay, findings);
  comparePositions(kv, where, keys, replay, findings);
  compareMembers(kv, where, keys, replay, findings);
  compareRows(kv, key, where, keys, replay, findings);
}

function compareHead(where: string, replay: Replay, findings: Findings): void {
  const { head } = replay;
  if (head.first > 1) return;
  findings.compare(where, 'members', head.members, replay.members.size);
  findings.compare(where, 'large', head.large, replay.large);
  findings.compare(where, 'version', head.version, replay.version);
  findings.compare(where, 'purged', head.purged, replay.purged);
}

function compareMembers(
  kv: Kv, where: string, keys: RoomKeys, replay: Replay, findings: Findings,
): void {
  const kept = new Set<string>();
  for (const [key, value] of pairsOf(kv, ...keys.membersAfter(''))) {
    const user = keys.memberOf(key);
    kept.add(user);
    const derived = replay.members.get(user);
    if (derived !== undefined || replay.head.first === 1) {
      findings.compare(where, `membership of ${user} since`,
        decodeInterval(value).since, derived?.since);
    }
    if (replay.gone.has(user)) findings.note(where, `${user} is a member, but was removed`);
  }
  for (const user of replay.members.keys()) {
    if (!kept.has(user)) findings.note(where, `${user} was added, but is no member`);
  }
}

function comparePositions(
  kv: Kv, where: string, keys: RoomKeys, replay: Replay, findings: Findings,
): void {
  const { head } = replay;
  const kept = new Map<string, Position>();
  for (const [key, value] of pairsOf(kv, ...keys.positions)) {
    const user = keys.positionOf(key);
    const position = decodePosition(value);
    kept.set(user, position);
    if (position.seq > head.seq || position.version > head.reads) {
      findings.note(where, `${user} has read to ${position.seq}, past the head ${head.seq}`);
    }
    const count = replay.countAt(position.seq);
    if (count !== undefined) {
      findings.compare(where, `ordinal read by ${user}`, position.count, count);
    }
    const listed = kv.get(keys.read(position.version));
    const lister = listed === undefined ? undefined : decodeText(listed, 'read move');
    if (position.version > 0 && lister !== user) {
      findings.note(where, `the read move ${position.version} of ${user} is not listed`);
    }
  }
  for (const [user, own] of replay.own) {
    const position = kept.get(user);
    if (position === undefined || position.seq < own.seq) {
      findings.note(where, `${user} has read to ${position?.seq ?? 0}, before the own message `
        + `${own.seq}`);
    }
  }
}

/** The rows of present members: how far each feed took the room in, and what is unread. */
function compareRows(
  kv: Kv, room: RoomKey, where: string, keys: RoomKeys, replay: Replay, findings: Findings,
): void {
  const { head } = replay;
  const mark = kv.get(markKey(room));
  const forwarded = mark === undefined ? undefined : decodeMark(mark);
  const reached = forwarded?.seq ?? head.seq;
  if (head.purged) return;
  for (const [user, derived] of replay.members) {
    if (derived.since > reached) continue;
    const bytes = kv.get(new FeedKeys(userKey(tenantOf(room), user)).row(room));
    const row = bytes === undefined ? undefined : decodeRow(room, bytes);
    const of = `row of ${user}`;
    if (row === undefined || row.ended || row.epoch !== head.epoch) {
      findings.note(where, `${user} is a member without a row in the list`);
      continue;
    }
    findings.compare(where, `${of}, since`, row.since, derived.since);
    if (row.large || head.large) continue;
    if (row.seq < reached || row.seq > head.seq) {
      findings.note(where, `${of} has taken ${row.seq}, forwarded was ${reached}`);
      continue;
    }
    findings.compare(where, `${of}, ordinal`, row.count, replay.countAt(row.seq));
    findings.compare(where, `${of}, newest message`, row.lastMessage,
      replay.messageAt(row.seq, row.since));
    const position = kv.get(keys.position(user));
    const read = position === undefined ? undefined : decodePosition(position);
    const own = replay.own.get(user);
    const least = Math.max(derived.count, own !== undefined && own.seq <= row.seq ? own.count : 0,
      read !== undefined && read.version <= (forwarded?.reads ?? head.reads)
        && read.seq <= row.seq ? read.count : 0);
    const most = Math.max(least, read?.count ?? 0);
    if (row.read < least || row.read > most) {
      findings.note(where, `${of} has ${unreadOf(row)} unread, by the log `
        + `${Math.max(0, row.count - least)}`);
    }
  }
}
