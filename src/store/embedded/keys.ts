import { idOf, tenantOf, type RoomKey, type UserKey } from '../../base/ids.js';
import { prefixEnd } from './kv.js';

/**
 * The keys of the embedded store. The first byte says what it is; the tenant follows (trap 15),
 * then ids, each ended by NUL, which no id holds; then numbers of fixed width, so that the order
 * of the keys is that of the numbers.
 *
 * | key | value |
 * |---|---|
 * | `!` | schema version |
 * | `h` tenant room | the room's head |
 * | `r` tenant epoch `l` seq | log entry |
 * | `r` tenant epoch `m` user | membership |
 * | `r` tenant epoch `i` until user | membership that ended, until forwarded past (trap 2) |
 * | `r` tenant epoch `p` user | read position |
 * | `r` tenant epoch `v` version | user of a read move (trap 9) |
 * | `k` tenant room by key | what became of the call (G3) |
 * | `o` tenant room | outbox mark |
 * | `x` time n | keys that expire then |
 * | `a` time tenant room | when the room's oldest entry grows too old |
 * | `g` tenant epoch | a purged room's leavings, to be swept |
 * | `f` tenant user | head of the feed |
 * | `e` tenant user n | feed entry |
 * | `w` tenant user room | row of the room list |
 * | `d` tenant user lastAt room | order of the room list |
 * | `u` tenant user | profile |
 * | `y` tenant jti | revoked token |
 * | `z` n | revocation |
 */
const numberBytes = 6;

/** Everything below one first byte. */
export const tagRange = (tag: string): readonly [Buffer, Buffer] =>
  [Buffer.from(tag), Buffer.from([tag.charCodeAt(0) + 1])];

function withNumber(prefix: Buffer, value: number, rest?: string): Buffer {
  const tail = rest === undefined ? 0 : Buffer.byteLength(rest);
  const key = Buffer.allocUnsafe(prefix.length + numberBytes + tail);
  prefix.copy(key);
  key.writeUIntBE(value, prefix.length, numberBytes);
  if (rest !== undefined) key.write(rest, prefix.length + numberBytes);
  return key;
}

const withText = (prefix: Buffer, text: string): Buffer => {
  const key = Buffer.allocUnsafe(prefix.length + Buffer.byteLength(text));
  prefix.copy(key);
  key.write(text, prefix.length);
  return key;
};

/** The number at a place of a key. */
export const numberAt = (key: Buffer, at: number): number => key.readUIntBE(at, numberBytes);
/** What follows a number at a place of a key. */
export const textAfterNumber = (key: Buffer, at: number): string =>
  key.toString('utf8', at + numberBytes);

export const schemaKey = Buffer.from('!schema');
export const roomHeadKey = (room: RoomKey): Buffer => Buffer.from(`h${room}`);
export const callKeyOf = (room: RoomKey, by: string, key: string): Buffer =>
  Buffer.from(`k${room}\0${by}\0${key}`);
export const markKey = (room: RoomKey): Buffer => Buffer.from(`o${room}`);
export const garbageKey = (tenant: string, epoch: string): Buffer =>
  Buffer.from(`g${tenant}\0${epoch}\0`);
/** Everything under a purged room's epoch, from its key in the list of garbage. */
export const garbageOf = (key: Buffer): Buffer =>
  Buffer.concat([Buffer.from('r'), key.subarray(1)]);

const expiryPrefix = Buffer.from('x');
export const expiryKey = (atMs: number, n: number): Buffer =>
  withNumber(withNumber(expiryPrefix, Math.max(0, atMs)), n);
/** All expiries up to and with a moment. */
export const expiredRange = (atMs: number): readonly [Buffer, Buffer] =>
  [expiryPrefix, withNumber(expiryPrefix, Math.max(0, atMs) + 1)];

const agingPrefix = Buffer.from('a');
export const agingKey = (atMs: number, room: RoomKey): Buffer =>
  withNumber(agingPrefix, Math.max(0, atMs), room);
export const agedRange = (atMs: number): readonly [Buffer, Buffer] =>
  [agingPrefix, withNumber(agingPrefix, Math.max(0, atMs) + 1)];

/** The keys of one room in one epoch, their common part made once. */
export class RoomKeys {
  readonly #entry: Buffer;
  readonly #member: Buffer;
  readonly #ended: Buffer;
  readonly #position: Buffer;
  readonly #read: Buffer;

  constructor(room: RoomKey, epoch: string) {
    const prefix = `r${tenantOf(room)}\0${epoch}\0`;
    this.#entry = Buffer.from(`${prefix}l`);
    this.#member = Buffer.from(`${prefix}m`);
    this.#ended = Buffer.from(`${prefix}i`);
    this.#position = Buffer.from(`${prefix}p`);
    this.#read = Buffer.from(`${prefix}v`);
  }

  entry(seq: number): Buffer {
    return withNumber(this.#entry, seq);
  }
  seqOf(entryKey: Buffer): number {
    return numberAt(entryKey, this.#entry.length);
  }
  member(user: string): Buffer {
    return withText(this.#member, user);
  }
  /** Members after a user in the order of ids, '' for all. */
  membersAfter(user: string): readonly [Buffer, Buffer] {
    return [withText(this.#member, `${user}\0`), prefixEnd(this.#member)];
  }
  memberOf(key: Buffer): string {
    return key.toString('utf8', this.#member.length);
  }
  ended(until: number, user: string): Buffer {
    return withNumber(this.#ended, until, user);
  }
  endedFrom(until: number): readonly [Buffer, Buffer] {
    return [withNumber(this.#ended, until), withNumber(this.#ended, 2 ** 48 - 1)];
  }
  endedOf(key: Buffer): { until: number; user: string } {
    const at = this.#ended.length;
    return { until: numberAt(key, at), user: textAfterNumber(key, at) };
  }
  position(user: string): Buffer {
    return withText(this.#position, user);
  }
  get positions(): readonly [Buffer, Buffer] {
    return [this.#position, prefixEnd(this.#position)];
  }
  positionOf(key: Buffer): string {
    return key.toString('utf8', this.#position.length);
  }
  read(version: number): Buffer {
    return withNumber(this.#read, version);
  }
}

/** The keys of one user's feed and room list, their common part made once. */
export class FeedKeys {
  readonly head: Buffer;
  readonly #entry: Buffer;
  readonly #row: Buffer;
  readonly #order: Buffer;

  constructor(user: UserKey) {
    this.head = Buffer.from(`f${user}`);
    this.#entry = Buffer.from(`e${user}\0`);
    this.#row = Buffer.from(`w${user}\0`);
    this.#order = Buffer.from(`d${user}\0`);
  }

  entry(n: number): Buffer {
    return withNumber(this.#entry, n);
  }
  nOf(entryKey: Buffer): number {
    return numberAt(entryKey, this.#entry.length);
  }
  row(room: RoomKey): Buffer {
    return withText(this.#row, idOf(room));
  }
  get rows(): readonly [Buffer, Buffer] {
    return [this.#row, prefixEnd(this.#row)];
  }
  /** Room id in a row's key. */
  roomOf(rowKey: Buffer): string {
    return rowKey.toString('utf8', this.#row.length);
  }
  order(lastAt: number, room: string): Buffer {
    return withNumber(this.#order, lastAt, room);
  }
  /** Places of the room list below one (the most recent have the greatest keys). */
  orderBelow(place: { lastAt: number; room: string } | undefined): readonly [Buffer, Buffer] {
    return [this.#order, place === undefined
      ? withNumber(this.#order, 2 ** 48 - 1) : this.order(place.lastAt, place.room)];
  }
  placeOf(key: Buffer): { lastAt: number; room: string } {
    const at = this.#order.length;
    return { lastAt: numberAt(key, at), room: textAfterNumber(key, at) };
  }
}

export const profileKeyOf = (user: UserKey): Buffer => Buffer.from(`u${user}`);
/** Profiles of a tenant after a user id, '' for all. */
export const profilesAfter = (tenant: string, user: string): readonly [Buffer, Buffer] =>
  [Buffer.from(`u${tenant}\0${user}\0`), Buffer.from(`u${tenant}\x01`)];
export const revokedTokenKey = (tenant: string, tokenId: string): Buffer =>
  Buffer.from(`y${tenant}\0${tokenId}`);
const revocationPrefix = Buffer.from('z');
export const revocationKey = (n: number): Buffer => withNumber(revocationPrefix, n);
export const revocationN = (key: Buffer): number => numberAt(key, 1);
