import { idOf, tenantOf, type RoomKey, type UserKey } from '../../base/ids.js';
import { prefixEnd, type Key } from './kv.js';

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
 * | `t` table key | row of a table |
 * | `y` tenant jti | revoked token |
 * | `z` n | revocation |
 */
const numberBytes = 6;
const ascii = /^[\0-\x7f]*$/;

/** Text as the bytes of its UTF-8. */
const bytesOf = (text: string): Key =>
  ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
/** The inverse of {@link bytesOf}. */
export const textOf = (bytes: Key): string =>
  ascii.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');

/** A number of up to 48 bits, the greatest byte first. */
function bytesOfNumber(value: number): Key {
  const high = Math.floor(value / 0x1_0000_0000);
  return String.fromCharCode(high >>> 8 & 255, high & 255,
    value >>> 24 & 255, value >>> 16 & 255, value >>> 8 & 255, value & 255);
}

/** Everything below one first byte. */
export const tagRange = (tag: string): readonly [Key, Key] => [tag, prefixEnd(tag)];

const withNumber = (prefix: Key, value: number, rest = ''): Key =>
  prefix + bytesOfNumber(value) + bytesOf(rest);

/** The number at a place of a key. */
export function numberAt(key: Key, at: number): number {
  let value = 0;
  for (let next = at; next < at + numberBytes; next++) value = value * 256 + key.charCodeAt(next);
  return value;
}

/** What follows a number at a place of a key. */
export const textAfterNumber = (key: Key, at: number): string =>
  textOf(key.slice(at + numberBytes));

export const schemaKey = '!schema';
export const roomHeadKey = (room: RoomKey): Key => bytesOf(`h${room}`);
export const callKeyOf = (room: RoomKey, by: string, key: string): Key =>
  bytesOf(`k${room}\0${by}\0${key}`);
export const markKey = (room: RoomKey): Key => bytesOf(`o${room}`);
export const garbageKey = (tenant: string, epoch: string): Key =>
  bytesOf(`g${tenant}\0${epoch}\0`);
/** Everything under a purged room's epoch, from its key in the list of garbage. */
export const garbageOf = (key: Key): Key =>
  `r${key.slice(1)}`;

const expiryPrefix = 'x';
export const expiryKey = (atMs: number, n: number): Key =>
  withNumber(withNumber(expiryPrefix, Math.max(0, atMs)), n);
/** All expiries up to and with a moment. */
export const expiredRange = (atMs: number): readonly [Key, Key] =>
  [expiryPrefix, withNumber(expiryPrefix, Math.max(0, atMs) + 1)];

const agingPrefix = 'a';
export const agingKey = (atMs: number, room: RoomKey): Key =>
  withNumber(agingPrefix, Math.max(0, atMs), room);
export const agedRange = (atMs: number): readonly [Key, Key] =>
  [agingPrefix, withNumber(agingPrefix, Math.max(0, atMs) + 1)];

/** The keys of one room in one epoch, their common part made once. */
export class RoomKeys {
  readonly #entry: Key;
  readonly #member: Key;
  readonly #ended: Key;
  readonly #position: Key;
  readonly #read: Key;

  constructor(room: RoomKey, epoch: string) {
    const prefix = `r${tenantOf(room)}\0${epoch}\0`;
    this.#entry = bytesOf(`${prefix}l`);
    this.#member = bytesOf(`${prefix}m`);
    this.#ended = bytesOf(`${prefix}i`);
    this.#position = bytesOf(`${prefix}p`);
    this.#read = bytesOf(`${prefix}v`);
  }

  entry(seq: number): Key {
    return withNumber(this.#entry, seq);
  }
  seqOf(entryKey: Key): number {
    return numberAt(entryKey, this.#entry.length);
  }
  member(user: string): Key {
    return this.#member + bytesOf(user);
  }
  /** Members after a user in the order of ids, '' for all. */
  membersAfter(user: string): readonly [Key, Key] {
    return [this.#member + bytesOf(`${user}\0`), prefixEnd(this.#member)];
  }
  memberOf(key: Key): string {
    return textOf(key.slice(this.#member.length));
  }
  ended(until: number, user: string): Key {
    return withNumber(this.#ended, until, user);
  }
  endedFrom(until: number): readonly [Key, Key] {
    return [withNumber(this.#ended, until), withNumber(this.#ended, 2 ** 48 - 1)];
  }
  endedOf(key: Key): { until: number; user: string } {
    const at = this.#ended.length;
    return { until: numberAt(key, at), user: textAfterNumber(key, at) };
  }
  position(user: string): Key {
    return this.#position + bytesOf(user);
  }
  get positions(): readonly [Key, Key] {
    return [this.#position, prefixEnd(this.#position)];
  }
  positionOf(key: Key): string {
    return textOf(key.slice(this.#position.length));
  }
  read(version: number): Key {
    return withNumber(this.#read, version);
  }
}

/** The keys of one user's feed and room list, their common part made once. */
export class FeedKeys {
  readonly head: Key;
  readonly #entry: Key;
  readonly #row: Key;
  readonly #order: Key;

  constructor(user: UserKey) {
    this.head = bytesOf(`f${user}`);
    this.#entry = bytesOf(`e${user}\0`);
    this.#row = bytesOf(`w${user}\0`);
    this.#order = bytesOf(`d${user}\0`);
  }

  entry(n: number): Key {
    return withNumber(this.#entry, n);
  }
  nOf(entryKey: Key): number {
    return numberAt(entryKey, this.#entry.length);
  }
  row(room: RoomKey): Key {
    return this.#row + bytesOf(idOf(room));
  }
  get rows(): readonly [Key, Key] {
    return [this.#row, prefixEnd(this.#row)];
  }
  /** Room id in a row's key. */
  roomOf(rowKey: Key): string {
    return textOf(rowKey.slice(this.#row.length));
  }
  order(lastAt: number, room: string): Key {
    return withNumber(this.#order, lastAt, room);
  }
  /** Places of the room list below one (the most recent have the greatest keys). */
  orderBelow(place: { lastAt: number; room: string } | undefined): readonly [Key, Key] {
    return [this.#order, place === undefined
      ? withNumber(this.#order, 2 ** 48 - 1) : this.order(place.lastAt, place.room)];
  }
  placeOf(key: Key): { lastAt: number; room: string } {
    const at = this.#order.length;
    return { lastAt: numberAt(key, at), room: textAfterNumber(key, at) };
  }
}

export const profileKeyOf = (user: UserKey): Key => bytesOf(`u${user}`);
/** Profiles of a tenant after a user id, '' for all. */
export const profilesAfter = (tenant: string, user: string): readonly [Key, Key] =>
  [bytesOf(`u${tenant}\0${user}\0`), bytesOf(`u${tenant}\x01`)];
export const revokedTokenKey = (tenant: string, tokenId: string): Key =>
  bytesOf(`y${tenant}\0${tokenId}`);
const revocationPrefix = 'z';
export const revocationKey = (n: number): Key => withNumber(revocationPrefix, n);
export const revocationN = (key: Key): number => numberAt(key, 1);
/** A row of a table, which is named without NUL; '' begins before its first row. */
export const rowKeyOf = (table: string, key: string): Key => bytesOf(`t${table}\0${key}`);
