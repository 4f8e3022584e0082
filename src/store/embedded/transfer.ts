import { isDeepStrictEqual } from 'node:util';
import { idOf, roomKey, userKey, type UserKey } from '../../base/ids.js';
import {
  nameOf, TransferConflict, type KeptRow, type KeyWindow, type PartRecord, type RoomRecord,
  type Transfer, type TransferRecord, type TransferSize, type UnitRecord, type UserRecord,
} from '../transfer.js';
import { emptyValue, encodeText, write } from './codec.js';
import { encodeEntry, encodeHead } from './entry-codec.js';
import {
  decodeFeedEntry, encodeFeedEntry, encodeFeedHead, encodeRow, type Place,
} from './feed-codec.js';
import { above } from './feed-state.js';
import { unreadOf } from './intake.js';
import {
  agingKey, callKeyOf, expiryKey, FeedKeys, markKey, profileKeyOf, revokedTokenKey, RoomKeys,
  roomHeadKey, rowKeyOf,
} from './keys.js';
import { sumBytes, type Key, type Kv } from './kv.js';
import { encodeCall, encodeInterval, encodeMark, encodePosition } from './room-codec.js';
import { recordsOf, sizeOf, unitIn } from './transfer-source.js';
import { encodeProfile } from './users.js';

/** Values of one commit: a commit costs a sync of the disk, and all of it stands in memory. */
const valuesAtOnce = 5_000;

/** What the rows of a user's list amount to, for the head of the feed. */
interface ListSoFar {
  total: number;
  top: Place | undefined;
}

/**
 * The embedded store as one end of a copy; nothing else may have it open. What is derived (order
 * of the list, unread, ages, expiries) is made anew.
 */
export class EmbeddedTransfer implements Transfer {
  /** Writes go in their order anyway. */
  readonly concurrency = 1;
  #values = new Map<Key, Buffer>();
  #expiring = 0;
  #list: ListSoFar = { total: 0, top: undefined };

  constructor(private readonly kv: Kv, private readonly window: KeyWindow) {}

  async size(): Promise<TransferSize> {
    return sizeOf(this.kv);
  }

  async* records(): AsyncGenerator<TransferRecord> {
    yield* recordsOf(this.kv, this.window);
  }

  async begin(unit: UnitRecord): Promise<boolean> {
    this.#list = { total: 0, top: undefined };
    const held = unitIn(this.kv, unit);
    if (held === undefined) return true;
    if (isDeepStrictEqual(held, unit)) return false;
    throw new TransferConflict(`the store holds another ${nameOf(unit)}`);
  }

  async add(unit: UnitRecord, parts: readonly PartRecord[]): Promise<void> {
    for (const part of parts) {
      if (unit.type === 'room') this.#roomPart(unit, part);
      else if (unit.type === 'user') this.#userPart(unit, part);
    }
    if (this.#values.size >= valuesAtOnce) await this.flush();
  }

  async end(unit: UnitRecord): Promise<void> {
    if (unit.type === 'room') this.#endRoom(unit);
    else if (unit.type === 'user') this.#endUser(unit);
    else if (unit.type === 'tableRow') {
      this.#put(rowKeyOf(unit.table, unit.key), encodeText(unit.value));
    }
    else {
      const key = revokedTokenKey(unit.tenant, unit.tokenId);
      this.#put(key, write.start().number(unit.until).end());
      this.#expire(key, unit.until);
    }
    if (this.#values.size >= valuesAtOnce) await this.flush();
  }

  async flush(): Promise<void> {
    const values = this.#values;
    if (values.size === 0) return;
    this.#values = new Map();
    await this.kv.commit([...values].map(([key, value]) => ({ key, value })));
  }

  close(): Promise<void> {
    return this.kv.close();
  }

  #put(key: Key, value: Buffer): void {
    this.#values.set(key, value);
  }

  /** As expiry.ts notes it: a key in the list of its time. */
  #expire(expiring: Key, atMs: number): void {
    let key = expiryKey(atMs, this.#expiring++);
    while (this.kv.get(key) !== undefined) key = expiryKey(atMs, this.#expiring++);
    this.#put(key, write.start().text(expiring).end());
  }

  #roomPart(unit: RoomRecord, part: PartRecord): void {
    const room = roomKey(unit.tenant, unit.head.room);
    const keys = new RoomKeys(room, unit.head.epoch);
    switch (part.type) {
      case 'entry': {
        const { entry, chain, digest } = part;
        this.#put(keys.entry(entry.seq), encodeEntry({ entry, chain: chain ?? 0 }));
        if (digest === undefined || entry.key === undefined) return;
        const key = callKeyOf(room, entry.by, entry.key);
        const { keyWindowMs } = this.window;
        const expiresAt = keyWindowMs === 0 ? 0 : entry.at + keyWindowMs;
        this.#put(key, encodeCall({
          expiresAt, digest, seq: entry.seq, at: entry.at, epoch: unit.head.epoch,
        }));
        if (expiresAt > 0) this.#expire(key, expiresAt);
        return;
      }
      case 'member':
        this.#put(keys.member(part.member.user), encodeInterval(part.member));
        return;
      case 'ended':
        this.#put(keys.ended(part.until, part.member.user), encodeInterval(part.member));
        return;
      case 'position': {
        const { user, version } = part.position;
        this.#put(keys.position(user), encodePosition(part.position));
        if (version > 0) this.#put(keys.read(version), encodeText(user));
        return;
      }
      default:
        throw new TransferConflict(`${nameOf(unit)} can't hold a ${part.type}`);
    }
  }

  #endRoom({ tenant, head, forwarded }: RoomRecord): void {
    const room = roomKey(tenant, head.room);
    if (forwarded.seq < head.seq || forwarded.reads < head.reads) {
      this.#put(markKey(room), encodeMark({ ...forwarded, shards: [] }));
    }
    if (head.history?.maxAgeMs !== undefined) {
      this.#put(agingKey(this.window.nowMs, room), encodeText(head.epoch));
    }
    this.#put(roomHeadKey(room), encodeHead(head));
  }

  #userPart(unit: UserRecord, part: PartRecord): void {
    const keys = new FeedKeys(userOf(unit));
    if (part.type === 'feedEntry') {
      const entry = { ...part.entry, room: roomKey(unit.tenant, part.entry.room) };
      this.#put(keys.entry(entry.n), encodeFeedEntry(entry));
    } else if (part.type === 'row') {
      this.#row(keys, unit, part.row);
    } else {
      throw new TransferConflict(`${nameOf(unit)} can't hold a ${part.type}`);
    }
  }

  #row(keys: FeedKeys, unit: UserRecord, kept: KeptRow): void {
    const row = { ...kept, room: roomKey(unit.tenant, kept.room) };
    this.#put(keys.row(row.room), encodeRow(row));
    this.#list.total += unreadOf(row);
    if (row.ended) return;
    const place = { lastAt: row.lastAt, room: idOf(row.room) };
    const { top } = this.#list;
    // The room on top stands in the head and in no other place.
    const isTop = top === undefined || above(place, top);
    const lower = isTop ? top : place;
    if (isTop) this.#list.top = place;
    if (lower !== undefined) this.#put(keys.order(lower.lastAt, lower.room), emptyValue());
  }

  #endUser(unit: UserRecord): void {
    const user = userOf(unit);
    if (unit.profile !== undefined) this.#put(profileKeyOf(user), encodeProfile(unit.profile));
    if (unit.feed === undefined) return;
    const { epoch, n, floor } = unit.feed;
    const keys = new FeedKeys(user);
    const oldestKey = keys.entry(floor + 1);
    const bytes = this.#values.get(oldestKey)?.subarray(sumBytes) ?? this.kv.get(oldestKey);
    const oldestAt = bytes === undefined ? 0 : decodeFeedEntry(user, floor + 1, bytes).at;
    this.#put(keys.head, encodeFeedHead({ epoch, n, floor, oldestAt, ...this.#list }));
  }
}

const userOf = (unit: UserRecord): UserKey => userKey(unit.tenant, unit.user);
