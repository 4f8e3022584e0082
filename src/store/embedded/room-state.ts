import { idOf, type RoomKey } from '../../base/ids.js';
import type { RoomHead } from '../entry.js';
import type { Effect, RoomReader } from './append.js';
import type { Tx } from './committer.js';
import { decodeEntry, decodeHead, encodeEntry, encodeHead, type Stored } from './entry-codec.js';
import type { Key } from './kv.js';
import { RoomKeys, markKey, roomHeadKey } from './keys.js';
import {
  decodeInterval, decodeMark, decodePosition, encodeInterval, encodeMark, encodePosition,
  type Interval, type Mark, type Position,
} from './room-codec.js';

/** How far a kept mark may lag behind: so much is forwarded again, in vain, after a crash. */
const markLag = 64;
/** Users that one room remembers in memory; the rest is read again when it is needed. */
const rememberedUsers = 1_024;

/**
 * One room as the writing side knows it: what is kept and what is about to be. A memory over the
 * transaction only, so that it may be forgotten at any time between two decisions.
 */
export class RoomState implements RoomReader {
  head: RoomHead | undefined;
  /** How far everything was forwarded; the head where no mark stands, never beyond the truth. */
  forwarded: Mark;
  /** The mark as it is kept; may lag behind {@link forwarded}. */
  kept: Mark | undefined;
  keys: RoomKeys | undefined;
  /** Ended memberships that may still be needed (trap 2): the lowest `until`, or Infinity. */
  endedFrom: number;
  readonly #headKey: Key;
  readonly #markKey: Key;
  readonly #members = new Map<string, Interval | undefined>();
  readonly #positions = new Map<string, Position | undefined>();

  constructor(readonly room: RoomKey, private readonly tx: Tx) {
    this.#headKey = roomHeadKey(room);
    this.#markKey = markKey(room);
    const head = tx.get(this.#headKey);
    this.head = head === undefined ? undefined : decodeHead(idOf(room), head);
    this.keys = this.head === undefined ? undefined : new RoomKeys(room, this.head.epoch);
    const mark = tx.get(this.#markKey);
    this.kept = mark === undefined ? undefined : decodeMark(mark);
    this.forwarded = this.kept
      ?? { seq: this.head?.seq ?? 0, reads: this.head?.reads ?? 0, shards: [] };
    this.endedFrom = Infinity;
    this.findEnded(0);
  }

  member(user: string): Interval | undefined {
    return this.#known(this.#members, user, this.keys?.member(user), decodeInterval);
  }

  position(user: string): Position | undefined {
    return this.#known(this.#positions, user, this.keys?.position(user), decodePosition);
  }

  entry(seq: number): Stored | undefined {
    const { head, keys } = this;
    if (head === undefined || keys === undefined || seq < head.first || seq > head.seq) {
      return undefined;
    }
    const bytes = this.tx.get(keys.entry(seq));
    return bytes === undefined ? undefined : decodeEntry(seq, bytes);
  }

  /** Takes a decision over: what it changed is written and remembered. */
  apply(head: RoomHead, effects: readonly Effect[]): void {
    this.setHead(head);
    const keys = this.keys ??= new RoomKeys(this.room, head.epoch);
    for (const effect of effects) {
      switch (effect.to) {
        case 'log':
          this.tx.put(keys.entry(effect.stored.entry.seq), encodeEntry(effect.stored));
          break;
        case 'members':
          this.#members.set(effect.user, effect.interval);
          this.tx.put(keys.member(effect.user), encodeInterval(effect.interval));
          break;
        case 'ended':
          this.#members.set(effect.user, undefined);
          this.tx.remove(keys.member(effect.user));
          this.tx.put(keys.ended(effect.until, effect.user), encodeInterval(effect.interval));
          this.endedFrom = Math.min(this.endedFrom, effect.until);
          break;
        case 'positions':
          this.setPosition(effect.user, effect.position);
          break;
      }
    }
  }

  setHead(head: RoomHead): void {
    this.head = head.room === '' ? { ...head, room: idOf(this.room) } : head;
    this.tx.put(this.#headKey, encodeHead(head));
  }

  setPosition(user: string, position: Position): void {
    if (this.keys === undefined) return;
    this.#positions.set(user, position);
    this.tx.put(this.keys.position(user), encodePosition(position));
  }

  /** Leaves the outbox mark, if none stands that is near enough to how far it was forwarded. */
  mark(): void {
    if (this.forwarded.shards.length > 0) this.forwarded = { ...this.forwarded, shards: [] };
    const { kept, forwarded } = this;
    if (kept !== undefined && kept.shards.length === 0 && forwarded.seq - kept.seq < markLag
      && forwarded.reads - kept.reads < markLag) return;
    this.setMark(forwarded);
  }

  setMark(mark: Mark): void {
    this.kept = mark;
    this.forwarded = mark;
    this.tx.put(this.#markKey, encodeMark(mark));
  }

  clearMark(): void {
    this.kept = undefined;
    this.tx.remove(this.#markKey);
  }

  /** Drops ended memberships that every entry was forwarded past (trap 2). */
  dropEnded(forwarded: number): void {
    if (this.keys === undefined || this.endedFrom > forwarded) return;
    for (const [key] of this.tx.range(this.keys.ended(0, ''), this.keys.ended(forwarded + 1, ''))) {
      this.tx.remove(key);
    }
    this.findEnded(forwarded + 1);
  }

  /** The room is gone; its entries are left to the sweep. */
  vanish(): void {
    this.tx.remove(this.#headKey);
    this.clearMark();
    this.head = undefined;
    this.keys = undefined;
    this.forwarded = { seq: 0, reads: 0, shards: [] };
    this.endedFrom = Infinity;
    this.#members.clear();
    this.#positions.clear();
  }

  findEnded(from: number): void {
    this.endedFrom = Infinity;
    if (this.keys === undefined) return;
    const [first] = this.tx.range(...this.keys.endedFrom(from), { limit: 1 });
    if (first !== undefined) this.endedFrom = this.keys.endedOf(first[0]).until;
  }

  #known<V>(
    known: Map<string, V | undefined>, user: string, key: Key | undefined,
    decode: (bytes: Buffer) => V,
  ): V | undefined {
    if (key === undefined) return undefined;
    const before = known.get(user);
    if (before !== undefined || known.has(user)) return before;
    if (known.size >= rememberedUsers) known.clear();
    const bytes = this.tx.get(key);
    const value = bytes === undefined ? undefined : decode(bytes);
    known.set(user, value);
    return value;
  }
}
