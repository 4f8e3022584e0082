import { isDeepStrictEqual } from 'node:util';
import { roomKey, userKey } from '../../base/ids.js';
import { profileKey, tokenKey } from '../../cluster/keys.js';
import type { ShardPort } from '../../cluster/shard-port.js';
import {
  nameOf, TransferConflict, type KeptRow, type KeyWindow, type PartRecord, type RoomRecord,
  type TableRowRecord, type Transfer, type TransferRecord, type TransferSize, type UnitRecord,
  type UserRecord,
} from '../transfer.js';
import { callHash } from './call-hash.js';
import { indexKey, outboxKey, roomKeys, usersKey } from './keys.js';
import { profileText } from './profile-codec.js';
import { scripts } from './scripts.js';
import { moved } from './shard-calls.js';
import {
  isPending, packEnded, packEntry, packFeedEntry, packFeedHead, packHot, packMember, packPosition,
  packRetention, packRow,
} from './transfer-codec.js';
import { RedisSource } from './transfer-source.js';

type Args = (string | number | Buffer)[];

/** What is known of a unit on its way, for its own record at the end. */
class Draft {
  ended = false;
  aliases = 0;
  total = 0;
  oldestAt = 0;
  top = '';
  topAt = 0;
  /** Names of rooms in entries: one for each membership, since its end takes the name along. */
  readonly open = new Map<string, number>();
  readonly closed = new Map<string, number>();
}

const command = (name: string, key: string, ...args: Args): Args =>
  [name, key, args.length, ...args];

/** The shards as one end of a copy; no server runs on them and no slot moves meanwhile. */
export class RedisTransfer implements Transfer {
  readonly concurrency = 32;
  readonly #source: RedisSource;
  readonly #drafts = new Map<UnitRecord, Draft>();

  /** @param release gives back what the shards were opened with */
  constructor(
    private readonly port: ShardPort, private readonly window: KeyWindow,
    private readonly release: () => Promise<void>,
  ) {
    this.#source = new RedisSource(port, window);
  }

  async size(): Promise<TransferSize> {
    const { rooms, users } = await this.#source.names();
    let entries = 0;
    for (const room of rooms) {
      const unit = await this.#source.room(room);
      if (unit !== undefined) entries += unit.head.seq - unit.head.first + 1;
    }
    for (const user of users) {
      const unit = await this.#source.user(user);
      entries += (unit?.feed?.n ?? 0) - (unit?.feed?.floor ?? 0);
    }
    return { rooms: rooms.length, users: users.length, entries };
  }

  async* records(): AsyncGenerator<TransferRecord> {
    const { rooms, users, tokens, tables } = await this.#source.names();
    for (const room of rooms) {
      const unit = await this.#source.room(room);
      if (unit === undefined) continue;
      yield unit;
      yield* this.#source.roomParts(unit);
    }
    for (const user of users) {
      const unit = await this.#source.user(user);
      if (unit === undefined) continue;
      yield unit;
      yield* this.#source.userParts(unit);
    }
    for (const name of tokens) {
      const token = await this.#source.token(name);
      if (token !== undefined) yield token;
    }
    for (const table of tables) yield* this.#source.rows(table);
  }

  async begin(unit: UnitRecord): Promise<boolean> {
    const slot = this.#slot(unit);
    if (await this.#source.generation(slot) !== '') {
      await this.#put(unit, command('PLAIN', ''));
      this.#source.madePlain(slot);
    }
    if (unit.type === 'token') return true;
    if (unit.type === 'tableRow') return this.#beginRow(unit);
    const key = keyOf(unit);
    const held = unit.type === 'room' ? await this.#source.room(roomKey(unit.tenant, key))
      : await this.#source.user(userKey(unit.tenant, key));
    if (held !== undefined) {
      if (isDeepStrictEqual(held, unit)) return false;
      throw new TransferConflict(`the store holds another ${nameOf(unit)}`);
    }
    this.#drafts.set(unit, new Draft());
    const whole = `${unit.tenant}\0${key}`;
    const leavings = unit.type === 'room' ? roomKeys(slot, roomKey(unit.tenant, key))
      : ['f', 'e', 'z'].map((letter) => `${slot}:${letter}:${whole}`);
    await this.#put(unit, leavings.flatMap((name) => command('DEL', name)));
    return true;
  }

  async add(unit: UnitRecord, parts: readonly PartRecord[]): Promise<void> {
    const draft = this.#drafts.get(unit) ?? new Draft();
    await this.#put(unit, parts.flatMap((part) => (unit.type === 'room'
      ? this.#roomPart(unit, draft, part)
      : unit.type === 'user' ? this.#userPart(unit, draft, part) : [])));
  }

  async end(unit: UnitRecord): Promise<void> {
    const draft = this.#drafts.get(unit) ?? new Draft();
    this.#drafts.delete(unit);
    await this.#put(unit, unit.type === 'room' ? this.#endRoom(unit, draft)
      : unit.type === 'user' ? this.#endUser(unit, draft)
        : unit.type === 'tableRow' ? this.#tableRow(unit) : this.#token(unit));
  }

  async flush(): Promise<void> {
    // Each script has answered.
  }

  close(): Promise<void> {
    return this.release();
  }

  #slot(unit: UnitRecord): number {
    if (unit.type === 'tableRow') return this.port.slotOf(unit.table);
    return this.port.slotOf(`${unit.tenant}\0${keyOf(unit)}`);
  }

  async #put(unit: UnitRecord, commands: Args): Promise<void> {
    if (commands.length === 0) return;
    const slot = this.#slot(unit);
    const { shard, version } = this.port.owner(slot);
    const { nowMs, keyWindowMs } = this.window;
    const reply = await this.port.run(shard, scripts.transferPut,
      [this.port.fence(shard), slot, version, nowMs, keyWindowMs, ...commands]);
    if (reply === 2) {
      throw new TransferConflict('servers have written to these shards, under epochs of their own: '
        + 'copy to empty ones');
    }
    if (moved(reply)) throw new Error('a slot was moved during the copy: begin it again');
  }

  #roomPart(unit: RoomRecord, draft: Draft, part: PartRecord): Args {
    const slot = this.#slot(unit);
    const room = roomKey(unit.tenant, unit.head.room);
    const name = (letter: string): string => `${slot}:${letter}:${room}`;
    switch (part.type) {
      case 'entry': {
        const { entry, digest } = part;
        const written = command('RPUSH', name('l'), packEntry(entry, part.chain ?? 0));
        if (digest === undefined || entry.key === undefined) return written;
        const hash = callHash(room, entry.by, entry.key);
        return [...written, ...command('NOTE', '', hash, entry.seq, entry.at, digest)];
      }
      case 'member': {
        const { user } = part.member;
        const order = unit.head.large ? command('ZADD', name('s'), 0, user) : [];
        return [...command('HSET', name('m'), user, packMember(part.member)), ...order];
      }
      case 'ended':
        draft.ended = true;
        return command('RPUSH', name('x'), packEnded(part.member, part.until));
      case 'position': {
        const { user, version } = part.position;
        const move = version > 0 ? command('ZADD', name('v'), version, user) : [];
        return [...command('HSET', name('p'), user, packPosition(part.position)), ...move];
      }
      default:
        throw new TransferConflict(`${nameOf(unit)} can't hold a ${part.type}`);
    }
  }

  #endRoom({ tenant, head, forwarded }: RoomRecord, draft: Draft): Args {
    const room = roomKey(tenant, head.room);
    const slot = this.port.slotOf(room);
    const fields: Args = ['k', head.kind.charAt(0), 'o', head.owner];
    if (head.title !== undefined) fields.push('t', head.title);
    if (head.history !== undefined) fields.push('y', packRetention(head.history));
    const pending = isPending(head, forwarded);
    return [
      ...command('HSET', `${slot}:r:${room}`, ...fields, 'h',
        packHot(head, forwarded, draft.ended)),
      ...command('ZADD', indexKey(slot), 0, `r${room}`),
      ...(pending ? command('ZADD', outboxKey, this.window.nowMs, `${slot}:${room}`) : []),
    ];
  }

  #userPart(unit: UserRecord, draft: Draft, part: PartRecord): Args {
    const slot = this.#slot(unit);
    const name = (letter: string): string => `${slot}:${letter}:${unit.tenant}\0${unit.user}`;
    if (part.type === 'row') return this.#row(draft, part.row, name);
    if (part.type !== 'feedEntry') {
      throw new TransferConflict(`${nameOf(unit)} can't hold a ${part.type}`);
    }
    const { entry } = part;
    if (draft.oldestAt === 0) draft.oldestAt = entry.at;
    const room = `${entry.epoch}\0${entry.room}`;
    const [alias, named] = entry.room === '' ? [0, []] : this.#alias(draft, room, name('f'));
    if (entry.room !== '' && entry.event !== undefined) {
      draft.open.delete(room);
      draft.closed.set(room, alias);
    }
    return [...named, ...command('RPUSH', name('e'), packFeedEntry(entry, alias, unit.user))];
  }

  #alias(draft: Draft, room: string, key: string): [number, Args] {
    const known = draft.open.get(room);
    if (known !== undefined) return [known, []];
    draft.aliases += 1;
    draft.open.set(room, draft.aliases);
    return [draft.aliases, command('HSET', key, `\0${draft.aliases}`, room)];
  }

  #row(draft: Draft, row: KeptRow, name: (letter: string) => string): Args {
    const room = `${row.epoch}\0${row.room}`;
    const closed = row.ended ? draft.closed.get(room) : undefined;
    const [alias, named] = closed === undefined
      ? this.#alias(draft, room, name('f')) : [closed, []];
    const kept = [...named, ...command('HSET', name('f'), row.room, packRow(row, alias))];
    if (row.ended) return kept;
    if (!row.large) draft.total += Math.max(0, row.count - row.read);
    // Rows come in the order of their bytes: of the same time the later one stands above.
    if (draft.top === '' || row.lastAt >= draft.topAt) {
      draft.top = row.room;
      draft.topAt = row.lastAt;
    }
    return [...kept, ...command('ZADD', name('z'), row.lastAt, row.room)];
  }

  #endUser({ tenant, user: id, profile, feed }: UserRecord, draft: Draft): Args {
    const user = userKey(tenant, id);
    const slot = this.port.slotOf(user);
    const args = command('ZADD', indexKey(slot), 0, `u${user}`);
    if (profile !== undefined) {
      const fields: Args = [
        'j', profileText(profile), 'v', profile.version, 't', profile.revokedBefore,
        's', profile.lastSeen, ...(profile.blocked ? ['b', 1] : []),
        ...(profile.active ? [] : ['i', 1]),
      ];
      args.push(...command('HSET', profileKey(slot, user), ...fields),
        ...command('ZADD', usersKey(tenant), 0, id));
    }
    if (feed !== undefined) {
      const { aliases, total, oldestAt, top, topAt } = draft;
      args.push(...command('HSET', `${slot}:f:${user}`, '', packFeedHead({
        ...feed, aliases, total, oldestAt, top, topAt,
      })));
    }
    return args;
  }

  async #beginRow(unit: TableRowRecord): Promise<boolean> {
    const held = await this.#source.row(unit.table, unit.key);
    if (held === undefined || held === unit.value) return held === undefined;
    throw new TransferConflict(`the store holds another ${nameOf(unit)}`);
  }

  #tableRow({ table, key, value }: TableRowRecord): Args {
    const slot = this.port.slotOf(table);
    return [
      ...command('HSET', `${slot}:q:${table}`, key, value),
      ...command('ZADD', `${slot}:y:${table}`, 0, key),
      ...command('ZADD', indexKey(slot), 0, `t${table}`),
    ];
  }

  #token({ tenant, tokenId, until }: Extract<UnitRecord, { type: 'token' }>): Args {
    const name = `${tenant}\0${tokenId}`;
    const slot = this.port.slotOf(name);
    return [
      ...command('SET', tokenKey(slot, name), until, 'PXAT', until),
      ...command('ZADD', indexKey(slot), 0, `j${name}`),
    ];
  }
}

const keyOf = (unit: Exclude<UnitRecord, TableRowRecord>): string =>
  (unit.type === 'room' ? unit.head.room : unit.type === 'user' ? unit.user : unit.tokenId);
