import type { Clock } from '../../base/clock.js';
import {
  idOf, roomKey, tenantOf, type IdSource, type RoomKey, type UserKey,
} from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type {
  Delivery, DeliveryHandler, FeedEntry, FeedPage, FeedStore, ForwardItem, ForwardResult, RoomRow,
} from '../feeds.js';
import { corrupted } from './codec.js';
import type { Committer, Tx } from './committer.js';
import {
  decodeFeedEntry, decodeFeedHead, decodeRow, type FeedHead, type Place, type Row,
} from './feed-codec.js';
import { FeedState, above } from './feed-state.js';
import { intake, unreadOf } from './intake.js';
import { FeedKeys } from './keys.js';
import type { Kv } from './kv.js';
import { Recent } from './recent.js';

/** Bits of a feed's epoch: 72, so that another user's cursor never fits. */
const epochBytes = 9;
/** Rows looked at in one go where only some are wanted. */
const scanAtOnce = 128;

export interface FeedParts {
  readonly kv: Kv;
  readonly committer: Committer;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly onDelivery: DeliveryHandler;
  /** Feeds whose state the writing side remembers. */
  readonly rememberedFeeds: number;
}

type RoomsOptions = Parameters<FeedStore['rooms']>[1];
type DeliveryUser = Delivery['users'][number];

/** The feeds on the embedded store; see {@link FeedStore} for what is promised. */
export class EmbeddedFeeds implements FeedStore {
  readonly #states: Recent<UserKey, FeedState>;

  constructor(private readonly parts: FeedParts) {
    this.#states = new Recent(parts.rememberedFeeds);
    parts.committer.onVoid(() => this.#states.clear());
  }

  async forward(items: readonly ForwardItem[]): Promise<ForwardResult[]> {
    return this.#write((tx) => {
      const deliveries: Delivery[] = [];
      const touched = new Set<FeedState>();
      const results: ForwardResult[] = [];
      for (const item of items) {
        results.push(this.#forward(tx, item, deliveries, touched));
        // A state that is forgotten in the middle is read again: it must have been written.
        if (touched.size * 2 >= this.parts.rememberedFeeds) saveAll(touched);
      }
      saveAll(touched);
      this.#deliver(tx, deliveries);
      return results;
    });
  }

  async tell(
    users: readonly UserKey[], event: { method: string; params: string }, at: number,
  ): Promise<void> {
    await this.#write((tx) => {
      const told = users.map((user): Delivery => {
        const place = { room: roomKey(tenantOf(user), ''), epoch: '', seq: 0, at, by: '' };
        const state = this.#state(tx, user);
        const n = state.take({ ...place, kind: 'user', event }, this.parts.limits, this.#now());
        state.save();
        const { epoch, total } = state.head;
        return {
          item: { ...place, kind: 'user', count: 0, version: 0, event, large: false },
          users: [{ user, n, epoch, unread: 0, total }],
        };
      });
      this.#deliver(tx, told);
    });
  }

  async read(user: UserKey, after: number, limit: number): Promise<FeedPage> {
    const keys = new FeedKeys(user);
    const head = this.#head(keys) ?? await this.#begin(user);
    const from = Math.max(after, head.floor) + 1;
    const to = Math.min(head.n, from + limit - 1);
    const entries = from > to ? [] : this.parts.kv.range(keys.entry(from), keys.entry(to + 1))
      .map(([key, value]): FeedEntry => decodeFeedEntry(user, keys.nOf(key), value));
    // A gap is damage, and never passed over as if nothing had been there (G4).
    if (entries.length !== Math.max(0, to - from + 1)) throw corrupted('feed');
    return { entries, head: head.n, floor: head.floor, epoch: head.epoch };
  }

  async rooms(user: UserKey, options: RoomsOptions): Promise<{ rows: RoomRow[]; page?: string }> {
    const keys = new FeedKeys(user);
    const start = options.page === undefined ? undefined : parsePage(options.page);
    if (start === null) return { rows: [] };
    const found: Row[] = [];
    for (const place of this.#places(keys, start)) {
      const row = this.#row(keys, roomKey(tenantOf(user), place.room));
      if (row === undefined) throw corrupted('room list');
      if (options.unreadOnly === true && !row.large && unreadOf(row) === 0) continue;
      if (options.largeOnly === true && !row.large) continue;
      found.push(row);
      if (found.length > options.limit) break;
    }
    const rows = found.slice(0, options.limit);
    const last = found.length > options.limit ? rows.at(-1) : undefined;
    return { rows: rows.map(shown), ...(last === undefined ? {} : { page: pageAfter(last) }) };
  }

  async rows(user: UserKey, rooms: readonly RoomKey[]): Promise<(RoomRow | undefined)[]> {
    const keys = new FeedKeys(user);
    return rooms.map((room) => {
      const row = this.#row(keys, room);
      return row === undefined || row.ended ? undefined : shown(row);
    });
  }

  async total(user: UserKey): Promise<number> {
    return this.#head(new FeedKeys(user))?.total ?? 0;
  }

  #now(): number {
    return this.parts.clock.now();
  }

  async #write<T>(decide: (tx: Tx) => T): Promise<T> {
    return this.parts.committer.write((tx) => {
      try {
        return decide(tx);
      } catch (error) {
        // A decision that failed half way may have changed what is remembered.
        this.#states.clear();
        throw error;
      }
    });
  }

  #state(tx: Tx, user: UserKey): FeedState {
    const known = this.#states.get(user);
    if (known !== undefined) return known;
    const state = new FeedState(user, tx, () => this.parts.ids(epochBytes));
    this.#states.set(user, state);
    return state;
  }

  /** A feed that nothing came to yet begins when it is first read: its cursor must hold. */
  async #begin(user: UserKey): Promise<FeedHead> {
    return this.#write((tx) => {
      const state = this.#state(tx, user);
      state.save();
      return { ...state.head };
    });
  }

  #forward(
    tx: Tx, item: ForwardItem, deliveries: Delivery[], touched: Set<FeedState>,
  ): ForwardResult {
    const behind: { user: UserKey; next: number }[] = [];
    const taken: DeliveryUser[] = [];
    for (const { user, since } of item.users) {
      const state = this.#state(tx, user);
      const what = intake(state.row(item.room), item, user, since);
      if (!what.take) {
        if (what.behind !== undefined) behind.push({ user, next: what.behind });
        continue;
      }
      touched.add(state);
      const { room, epoch, seq, kind, at, by } = item;
      // Kept whole where the log may be gone when it is read.
      const event = what.row.ended ? { event: item.event } : {};
      const n = state.take({ room, epoch, seq, kind, at, by, ...event },
        this.parts.limits, this.#now());
      state.setRow(what.row);
      taken.push({
        user, n, epoch: state.head.epoch, unread: unreadOf(what.row), total: state.head.total,
      });
    }
    if (taken.length > 0) {
      const { users: _, ...rest } = item;
      deliveries.push({ item: rest, users: taken });
    }
    return { behind, away: [] };
  }

  #deliver(tx: Tx, deliveries: readonly Delivery[]): void {
    if (deliveries.length > 0) tx.onDurable(() => this.parts.onDelivery(deliveries));
  }

  #head(keys: FeedKeys): FeedHead | undefined {
    const bytes = this.parts.kv.get(keys.head);
    return bytes === undefined ? undefined : decodeFeedHead(bytes);
  }

  #row(keys: FeedKeys, room: RoomKey): Row | undefined {
    const bytes = this.parts.kv.get(keys.row(room));
    return bytes === undefined ? undefined : decodeRow(room, bytes);
  }

  /** Places of the list below one, the most recent first. */
  *#places(keys: FeedKeys, start: Place | undefined): Generator<Place> {
    const top = this.#head(keys)?.top;
    if (top !== undefined && (start === undefined || above(start, top))) yield top;
    let below = start;
    for (;;) {
      const pairs = this.parts.kv.range(...keys.orderBelow(below),
        { reverse: true, limit: scanAtOnce });
      for (const [key] of pairs) yield below = keys.placeOf(key);
      if (pairs.length < scanAtOnce) return;
    }
  }
}

function saveAll(touched: Set<FeedState>): void {
  for (const state of touched) state.save();
  touched.clear();
}

const pageAfter = (row: Row): string => `${row.lastAt.toString(36)}.${idOf(row.room)}`;

/** The place after which a page begins; null for what no page ever answered. */
function parsePage(page: string): Place | null {
  const [, lastAt, room] = /^([0-9a-z]{1,10})\.(.+)$/s.exec(page) ?? [];
  if (lastAt === undefined || room === undefined) return null;
  return { lastAt: parseInt(lastAt, 36) % 2 ** 48, room };
}

function shown({ room, since, seq, lastAt, lastMessage, count, read, large }: Row): RoomRow {
  return { room, since, seq, lastAt, lastMessage, count, read, large };
}
