import { idOf, type RoomKey, type UserKey } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type { FeedEntry } from '../feeds.js';
import { emptyValue } from './codec.js';
import type { Tx } from './committer.js';
import {
  decodeFeedEntry, decodeFeedHead, decodeRow, encodeFeedEntry, encodeFeedHead, encodeRow,
  type FeedHead, type Place, type Row,
} from './feed-codec.js';
import { unreadOf } from './intake.js';
import { FeedKeys } from './keys.js';

/** Rows that one feed remembers in memory; the rest is read again when it is needed. */
const rememberedRows = 256;
/** Old entries dropped for each one taken: more than one, so that a lowered limit is reached. */
const trimAtOnce = 4;

/** Whether `a` comes after `b` in key order, which is before it in the list. */
export const above = (a: Place, b: Place): boolean =>
  a.lastAt > b.lastAt || (a.lastAt === b.lastAt && a.room > b.room);

const placeOf = (row: Row): Place => ({ lastAt: row.lastAt, room: idOf(row.room) });

/**
 * One feed as the writing side knows it; may be forgotten at any time between two decisions.
 *
 * The most recent room stands in the head and in no other place, so that a conversation that
 * goes on writes nothing to the order of the list.
 */
export class FeedState {
  readonly head: FeedHead;
  readonly keys: FeedKeys;
  readonly #rows = new Map<RoomKey, Row | undefined>();
  readonly #rowsChanged: RoomKey[] = [];
  #changed = false;

  constructor(readonly user: UserKey, private readonly tx: Tx, newEpoch: () => string) {
    this.keys = new FeedKeys(user);
    const bytes = tx.get(this.keys.head);
    if (bytes === undefined) {
      this.head = { epoch: newEpoch(), n: 0, floor: 0, oldestAt: 0, total: 0, top: undefined };
      this.#changed = true;
    } else {
      this.head = decodeFeedHead(bytes);
    }
  }

  row(room: RoomKey): Row | undefined {
    const known = this.#rows.get(room);
    if (known !== undefined || this.#rows.has(room)) return known;
    // Those that are not written yet are known here alone.
    if (this.#rows.size >= rememberedRows && this.#rowsChanged.length === 0) this.#rows.clear();
    const bytes = this.tx.get(this.keys.row(room));
    const row = bytes === undefined ? undefined : decodeRow(room, bytes);
    this.#rows.set(room, row);
    return row;
  }

  /** Takes an entry in at the next position, and drops what is too old or too much. */
  take(entry: Omit<FeedEntry, 'n'>, limits: Readonly<Limits>, nowMs: number): number {
    const { head } = this;
    if (head.n === head.floor) head.oldestAt = entry.at;
    const n = ++head.n;
    this.tx.put(this.keys.entry(n), encodeFeedEntry(entry));
    this.#changed = true;
    this.#trim(limits, nowMs);
    return n;
  }

  /** Puts a row in the place of the one before, in the list and in the total as well. */
  setRow(row: Row): void {
    const room = row.room;
    const before = this.row(room);
    this.#rows.set(room, row);
    if (this.#rowsChanged.at(-1) !== room) this.#rowsChanged.push(room);
    this.head.total += unreadOf(row) - unreadOf(before);
    this.#changed = true;
    const from = before === undefined || before.ended ? undefined : placeOf(before);
    const to = row.ended ? undefined : placeOf(row);
    if (from?.lastAt !== to?.lastAt) this.#move(from, to);
  }

  /** Writes the rows and the head, once for all that a decision took in. */
  save(): void {
    for (const room of this.#rowsChanged) {
      const row = this.#rows.get(room);
      if (row !== undefined) this.tx.put(this.keys.row(room), encodeRow(row));
    }
    this.#rowsChanged.length = 0;
    if (!this.#changed) return;
    this.#changed = false;
    this.tx.put(this.keys.head, encodeFeedHead(this.head));
  }

  #move(from: Place | undefined, to: Place | undefined): void {
    const { top } = this.head;
    const wasTop = from !== undefined && top?.room === from.room;
    if (from !== undefined && !wasTop) this.tx.remove(this.keys.order(from.lastAt, from.room));
    if (to !== undefined && (top === undefined || above(to, top))) {
      if (top !== undefined && !wasTop) {
        this.tx.put(this.keys.order(top.lastAt, top.room), emptyValue());
      }
      this.#setTop(to);
      return;
    }
    if (to !== undefined) this.tx.put(this.keys.order(to.lastAt, to.room), emptyValue());
    if (wasTop) this.#setTop(this.#popNext());
  }

  #next(): Place | undefined {
    const [next] = this.tx.range(...this.keys.orderBelow(undefined), { reverse: true, limit: 1 });
    return next === undefined ? undefined : this.keys.placeOf(next[0]);
  }

  #popNext(): Place | undefined {
    const next = this.#next();
    if (next !== undefined) this.tx.remove(this.keys.order(next.lastAt, next.room));
    return next;
  }

  #setTop(place: Place | undefined): void {
    this.head.top = place;
    this.#changed = true;
  }

  #trim(limits: Readonly<Limits>, nowMs: number): void {
    for (let dropped = 0; dropped < trimAtOnce; dropped++) {
      const { head } = this;
      const { n, floor, oldestAt } = head;
      const tooMany = limits.feedEntries > 0 && n - floor > limits.feedEntries;
      const tooOld = limits.feedAgeMs > 0 && floor < n && oldestAt + limits.feedAgeMs <= nowMs;
      if (!tooMany && !tooOld) return;
      this.tx.remove(this.keys.entry(floor + 1));
      const next = floor + 2 <= n ? this.tx.get(this.keys.entry(floor + 2)) : undefined;
      head.floor = floor + 1;
      head.oldestAt = next === undefined ? 0 : decodeFeedEntry(this.user, floor + 2, next).at;
    }
  }
}
