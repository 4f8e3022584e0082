import type { Clock } from '../../base/clock.js';
import { StoreError } from '../../base/fault.js';
import {
  idOf, roomKey, tenantOf, type IdSource, type RoomKey, type UserKey,
} from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type {
  FeedEntry, FeedPage, FeedStore, ForwardItem, ForwardResult, RoomRow,
} from '../feeds.js';
import { write } from './bytes.js';
import { decodeFeedEntry, decodeRow } from './feed-codec.js';
import { ForwardCalls } from './forward-calls.js';
import { scripts } from './scripts.js';
import { bytesOf, listOf, numberOf, textOf, type ShardCalls } from './shard-calls.js';

/** Bytes of randomness in a feed's epoch: another user's cursor never fits. */
const epochBytes = 8;

export interface RedisFeedParts {
  readonly calls: ShardCalls;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

type RoomsOptions = Parameters<FeedStore['rooms']>[1];

/**
 * The feeds on a ring of Redis shards; see {@link FeedStore} for what is promised. What was taken
 * in reaches the nodes that hold the users as publications, which publication.ts reads.
 */
export class RedisFeeds implements FeedStore {
  readonly #calls: ShardCalls;
  readonly #ids: IdSource;
  readonly #forwards: ForwardCalls;

  constructor(parts: RedisFeedParts) {
    this.#calls = parts.calls;
    this.#ids = parts.ids;
    this.#forwards = new ForwardCalls(parts);
  }

  forward(items: readonly ForwardItem[]): Promise<ForwardResult[]> {
    return this.#forwards.forward(items);
  }

  async tell(
    users: readonly UserKey[], event: { method: string; params: string }, at: number,
  ): Promise<void> {
    const byTenant = new Map<string, UserKey[]>();
    for (const user of users) {
      const tenant = tenantOf(user);
      byTenant.set(tenant, [...byTenant.get(tenant) ?? [], user]);
    }
    const items = [...byTenant].map(([tenant, of]) => ({
      room: roomKey(tenant, ''), epoch: '', seq: 0, kind: 'user' as const, count: 0, at, by: '',
      version: 0, event, large: false, users: of.map((user) => ({ user, since: 0 })),
    }));
    const results = await this.#forwards.forward(items);
    const away = results.flatMap((result) => result.away);
    if (away.length > 0) throw new StoreError('unknown', 'shard_unreachable', 1_000);
  }

  async read(user: UserKey, after: number, limit: number): Promise<FeedPage> {
    const { port } = this.#calls;
    const slot = port.slotOf(user);
    const reply = listOf(await this.#calls.one(slot, scripts.feedRead, (version) => [
      port.fence(port.owner(slot).shard),
      write.start().u16(slot).u32(version).u32(after).u32(limit).text(user)
        .rest(this.#ids(epochBytes)).end(),
    ]));
    const [head, floor, epoch, , first, found] = reply;
    const flat = listOf(found);
    const entries: FeedEntry[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      entries.push(decodeFeedEntry(
        user, numberOf(first) + i / 2, bytesOf(flat[i]), bytesOf(flat[i + 1])));
    }
    return { entries, head: numberOf(head), floor: numberOf(floor), epoch: textOf(epoch) };
  }

  async rooms(user: UserKey, options: RoomsOptions): Promise<{ rows: RoomRow[]; page?: string }> {
    const start = options.page === undefined ? { lastAt: 0, room: '' } : parsePage(options.page);
    if (start === undefined || options.limit <= 0) return { rows: [] };
    const filter = options.largeOnly === true ? 2 : options.unreadOnly === true ? 1 : 0;
    const slot = this.#calls.port.slotOf(user);
    const reply = listOf(await this.#calls.one(slot, scripts.feedRooms, (version) => [
      write.start().u16(slot).u32(version).u32(options.limit).u8(filter).u48(start.lastAt)
        .text(start.room).text(user).end(),
    ]));
    const rows: RoomRow[] = [];
    for (let i = 1; i + 1 < reply.length; i += 2) {
      const row = decodeRow(roomKey(tenantOf(user), textOf(reply[i])), bytesOf(reply[i + 1]));
      if (row !== undefined) rows.push(row);
    }
    const last = reply[0] === 1 ? rows.at(-1) : undefined;
    return { rows, ...(last === undefined ? {} : { page: pageAfter(last) }) };
  }

  async rows(user: UserKey, rooms: readonly RoomKey[]): Promise<(RoomRow | undefined)[]> {
    const [, ...rows] = await this.#rows(user, rooms);
    return rooms.map((room, index) => {
      const bytes = rows[index];
      return Buffer.isBuffer(bytes) ? decodeRow(room, bytes) : undefined;
    });
  }

  async total(user: UserKey): Promise<number> {
    const [total] = await this.#rows(user, []);
    return numberOf(total);
  }

  async #rows(user: UserKey, rooms: readonly RoomKey[]): Promise<ReturnType<typeof listOf>> {
    const slot = this.#calls.port.slotOf(user);
    return listOf(await this.#calls.one(slot, scripts.feedRows, (version) => [
      write.start().u16(slot).u32(version).text(user).end(), ...rooms.map(idOf),
    ]));
  }
}

const pageAfter = (row: RoomRow): string => `${row.lastAt.toString(36)}.${idOf(row.room)}`;

/** The place after which a page begins; undefined for what no page ever answered. */
function parsePage(page: string): { lastAt: number; room: string } | undefined {
  const [, lastAt, room] = /^([0-9a-z]{1,10})\.(.{1,1024})$/s.exec(page) ?? [];
  if (lastAt === undefined || room === undefined) return undefined;
  return { lastAt: parseInt(lastAt, 36) % 2 ** 48, room };
}
