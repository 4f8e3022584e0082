import { idOf, tenantOf, type RoomKey, type UserKey } from '../../base/ids.js';
import { profileKey, slotsKey, tokenKey } from '../../cluster/keys.js';
import { slotCount } from '../../cluster/ring.js';
import type { Reply, ShardPort } from '../../cluster/shard-port.js';
import type { LogEntry } from '../entry.js';
import {
  inWindow, type KeyWindow, type RoomRecord, type TransferRecord, type UserRecord,
} from '../transfer.js';
import { callHash } from './call-hash.js';
import { decodeEntry } from './entry-codec.js';
import { decodeFeedEntry } from './feed-codec.js';
import { decodeEnded, decodeMember, decodePosition, decodeView } from './head-codec.js';
import { indexKey } from './keys.js';
import { scripts } from './scripts.js';
import { bytesOf, listOf, numberOf, textOf } from './shard-calls.js';
import { chainOf, unpackFeedHead, unpackRow } from './transfer-codec.js';
import { profileOf } from './users.js';

const entriesAtOnce = 500;

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const isBytes = (reply: Reply | undefined): reply is Buffer => Buffer.isBuffer(reply);

/** Names of all that the shards hold, in the order of their bytes. */
export interface Names {
  readonly rooms: RoomKey[];
  readonly users: UserKey[];
  readonly tokens: string[];
  readonly tables: string[];
}

/** Reads the keys that keys.ts lists; nobody writes meanwhile and no slot moves. */
export class RedisSource {
  readonly #generations = new Map<string, Map<string, string>>();

  constructor(private readonly port: ShardPort, private readonly window: KeyWindow) {}

  async names(): Promise<Names> {
    const names: string[] = [];
    for (let slot = 0; slot < slotCount; slot += 512) {
      const slots = Array.from({ length: 512 }, (_, offset) => slot + offset);
      const found = await Promise.all(slots.map((one) =>
        this.#call(one, 'ZRANGE', [indexKey(one), 0, -1])));
      for (const reply of found) for (const name of listOf(reply)) names.push(textOf(name));
    }
    names.sort(byBytes);
    const of = <T extends string>(letter: string): T[] => names
      .filter((name) => name[0] === letter).map((name) => name.slice(1) as T);
    return { rooms: of<RoomKey>('r'), users: of<UserKey>('u'), tokens: of('j'), tables: of('t') };
  }

  /** The slot's history, as lib.lua reads it: part of every epoch in it (G6). */
  async generation(slot: number): Promise<string> {
    const { shard } = this.port.owner(slot);
    let known = this.#generations.get(shard);
    if (known === undefined) {
      const fields = listOf(await this.port.call(shard, 'HGETALL', [slotsKey])).map(textOf);
      known = new Map();
      for (let at = 0; at < fields.length; at += 2) {
        known.set(fields[at] ?? '', /\.(.*)$/.exec(fields[at + 1] ?? '')?.[1] ?? '');
      }
      this.#generations.set(shard, known);
    }
    return known.get(String(slot)) ?? '';
  }

  /** A copy took the generation away, so that epochs stay as they come. */
  madePlain(slot: number): void {
    this.#generations.get(this.port.owner(slot).shard)?.set(String(slot), '');
  }

  async room(room: RoomKey): Promise<RoomRecord | undefined> {
    const slot = this.port.slotOf(room);
    const [hot, kind, owner, title, kept] = listOf(
      await this.#call(slot, 'HMGET', [`${slot}:r:${room}`, 'h', 'k', 'o', 't', 'y']));
    if (!isBytes(hot)) return undefined;
    const { head, forwarded } = decodeView(idOf(room), [
      Buffer.from(await this.generation(slot)), hot, kind ?? null, owner ?? null, title ?? null,
      kept ?? null, null, null,
    ]);
    return { type: 'room', tenant: tenantOf(room), head, forwarded };
  }

  async* roomParts({ tenant, head }: RoomRecord): AsyncGenerator<TransferRecord> {
    const room = `${tenant}\0${head.room}` as RoomKey;
    const slot = this.port.slotOf(room);
    const kept = head.seq - head.first + 1;
    for (let at = 0; at < kept; at += entriesAtOnce) {
      const raw = listOf(await this.#call(slot, 'LRANGE',
        [`${slot}:l:${room}`, at, at + entriesAtOnce - 1])).map(bytesOf);
      const entries = raw.map((bytes, n) => decodeEntry(head.first + at + n, bytes));
      const digests = await this.#digests(slot, room, entries);
      for (const [n, entry] of entries.entries()) {
        const [chain, digest] = [chainOf(raw[n] ?? Buffer.alloc(0)), digests.get(entry.seq)];
        yield {
          type: 'entry', entry, ...(chain === 0 ? {} : { chain }),
          ...(digest === undefined ? {} : { digest }),
        };
      }
    }
    for (const [user, bytes] of await this.#hash(slot, `${slot}:m:${room}`)) {
      yield { type: 'member', member: decodeMember(user, bytes) };
    }
    for (const bytes of listOf(await this.#call(slot, 'LRANGE', [`${slot}:x:${room}`, 0, -1]))) {
      const { until, ...member } = decodeEnded(bytesOf(bytes));
      yield { type: 'ended', member, until };
    }
    for (const [user, bytes] of await this.#hash(slot, `${slot}:p:${room}`)) {
      yield { type: 'position', position: decodePosition(user, bytes) };
    }
  }

  async user(user: UserKey): Promise<UserRecord | undefined> {
    const slot = this.port.slotOf(user);
    const [feed, fields] = await Promise.all([
      this.#call(slot, 'HGET', [`${slot}:f:${user}`, '']),
      this.#call(slot, 'HMGET', [profileKey(slot, user), 'j', 'v', 't', 's', 'b']).then(listOf),
    ]);
    const head = isBytes(feed) ? unpackFeedHead(feed) : undefined;
    // A hash without version is no profile: the directory wrote it.
    const profile = isBytes(fields[1]) ? profileOf(user, fields) : undefined;
    if (head === undefined && profile === undefined) return undefined;
    const generation = await this.generation(slot);
    return {
      type: 'user', tenant: tenantOf(user), user: idOf(user),
      ...(profile === undefined ? {} : { profile }),
      ...(head === undefined ? {} : {
        feed: {
          epoch: generation === '' ? head.epoch : `${head.epoch}.${generation}`,
          n: head.n, floor: head.floor,
        },
      }),
    };
  }

  async* userParts({ tenant, user: id, feed }: UserRecord): AsyncGenerator<TransferRecord> {
    if (feed === undefined) return;
    const user = `${tenant}\0${id}` as UserKey;
    const slot = this.port.slotOf(user);
    const fields = await this.#hash(slot, `${slot}:f:${user}`);
    const names = new Map(fields.filter(([field]) => field.startsWith('\0')));
    for (let at = 0; at < feed.n - feed.floor; at += entriesAtOnce) {
      const raw = listOf(await this.#call(slot, 'LRANGE',
        [`${slot}:e:${user}`, at, at + entriesAtOnce - 1])).map(bytesOf);
      for (const [n, bytes] of raw.entries()) {
        const name = names.get(`\0${bytes.readUInt32BE(0)}`) ?? Buffer.alloc(0);
        const entry = decodeFeedEntry(user, feed.floor + at + n + 1, bytes, name);
        yield { type: 'feedEntry', entry: { ...entry, room: idOf(entry.room) } };
      }
    }
    for (const [room, bytes] of fields) {
      if (room === '' || room.startsWith('\0')) continue;
      yield { type: 'row', row: unpackRow(room, bytes) };
    }
  }

  async token(name: string): Promise<TransferRecord | undefined> {
    const slot = this.port.slotOf(name);
    const reply = await this.#call(slot, 'GET', [tokenKey(slot, name)]);
    const until = isBytes(reply) ? Number(reply.toString()) : 0;
    if (until <= this.window.nowMs) return undefined;
    const nul = name.indexOf('\0');
    return { type: 'token', tenant: name.slice(0, nul), tokenId: name.slice(nul + 1), until };
  }

  async* rows(table: string): AsyncGenerator<TransferRecord> {
    const slot = this.port.slotOf(table);
    for (const [key, bytes] of await this.#hash(slot, `${slot}:q:${table}`)) {
      yield { type: 'tableRow', table, key, value: bytes.toString() };
    }
  }

  async row(table: string, key: string): Promise<string | undefined> {
    const slot = this.port.slotOf(table);
    const value = await this.#call(slot, 'HGET', [`${slot}:q:${table}`, key]);
    return isBytes(value) ? value.toString() : undefined;
  }

  /** Digests that are remembered, by the seq of the entry that was answered. */
  async #digests(
    slot: number, room: RoomKey, entries: readonly LogEntry[],
  ): Promise<Map<number, string>> {
    const hashes = entries.flatMap(({ seq, at, by, key }) =>
      (key !== undefined && inWindow(at, this.window) ? [{ seq, hash: callHash(room, by, key) }]
        : []));
    const digests = new Map<number, string>();
    if (hashes.length === 0) return digests;
    const { shard, version } = this.port.owner(slot);
    const found = listOf(await this.port.run(shard, scripts.transferCalls, [
      slot, version, this.window.nowMs, this.window.keyWindowMs, ...hashes.map(({ hash }) => hash),
    ]));
    for (const [index, { seq }] of hashes.entries()) {
      const call = found[index];
      if (!Array.isArray(call) || numberOf(call[0]) !== seq) continue;
      digests.set(seq, textOf(call[1]));
    }
    return digests;
  }

  /** Fields of a hash in the order of their names' bytes. */
  async #hash(slot: number, key: string): Promise<(readonly [string, Buffer])[]> {
    const flat = listOf(await this.#call(slot, 'HGETALL', [key])).map(bytesOf);
    const fields: (readonly [string, Buffer])[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      fields.push([flat[at]?.toString() ?? '', flat[at + 1] ?? Buffer.alloc(0)]);
    }
    return fields.sort(([a], [b]) => byBytes(a, b));
  }

  #call(slot: number, command: string, args: readonly (string | number)[]): Promise<Reply> {
    return this.port.call(this.port.owner(slot).shard, command, args);
  }
}
