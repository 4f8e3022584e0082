import { StoreError } from '../../base/fault.js';
import type { IdSource, RoomKey } from '../../base/ids.js';
import type { Clock } from '../../base/clock.js';
import type { Limits } from '../../base/limits.js';
import type { Reply } from '../../cluster/shard-port.js';
import type {
  AppendOp, AppendResult, Forwarded, PendingRoom, ReadPosition, RoomStore,
} from '../rooms.js';
import { resultsOf } from './append-results.js';
import { Batcher, type Outcome } from './batcher.js';
import { write } from './bytes.js';
import { callHash } from './call-hash.js';
import { encodeOp, encodeRead } from './entry-codec.js';
import { RoomReads } from './room-reads.js';
import { scripts } from './scripts.js';
import { bytesOf, listOf, moved, numberOf, textOf, type ShardCalls } from './shard-calls.js';

/** Bytes of randomness in a room's epoch: no two are ever the same (trap 12). */
const epochBytes = 8;

interface Located {
  readonly room: RoomKey;
  readonly slot: number;
}

interface Group extends Located {
  readonly ops: readonly Buffer[];
  readonly bytes: number;
}

interface Settlement extends Located {
  readonly forwarded: Forwarded;
  readonly away: readonly string[];
}

export interface RedisRoomParts {
  readonly calls: ShardCalls;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** The rooms on a ring of Redis shards; see {@link RoomStore} for what is promised. */
export class RedisRooms extends RoomReads implements RoomStore {
  readonly #parts: RedisRoomParts;
  readonly #writes: Batcher<Group, Reply[]>;
  readonly #settles: Batcher<Settlement, undefined>;
  readonly #newEpoch: () => string;

  constructor(parts: RedisRoomParts) {
    super(parts.calls);
    this.#parts = parts;
    this.#newEpoch = () => parts.ids(epochBytes);
    const { calls: { port }, clock } = parts;
    const shared = {
      route: ({ slot }: Located) => port.owner(slot).shard,
      keyOf: ({ room }: Located) => room,
      refresh: () => port.refresh(),
      monotonic: () => clock.monotonic(),
      after: (delayMs: number, run: () => void) => clock.after(delayMs, run),
    };
    this.#writes = new Batcher<Group, Reply[]>({
      ...shared, sizeOf: ({ bytes }) => bytes, run: (shard, groups) => this.#write(shard, groups),
    });
    this.#settles = new Batcher<Settlement, undefined>({
      ...shared, sizeOf: () => 64, run: (shard, units) => this.#settle(shard, units),
    });
  }

  async append(room: RoomKey, ops: readonly AppendOp[]): Promise<AppendResult[]> {
    if (ops.length === 0) return [];
    const answer = await this.#submit(room, ops.map((op) =>
      encodeOp(op, callHash(room, op.by, op.call.key), this.#newEpoch)));
    return resultsOf(ops, answer);
  }

  async read(room: RoomKey, user: string, seq: number, at: number): Promise<ReadPosition> {
    const [, moveAnswer] = await this.#submit(room, [encodeRead(user, seq, at)]);
    const [, read, when, version, count] = listOf(moveAnswer);
    return {
      user, seq: numberOf(read), count: numberOf(count), version: numberOf(version),
      at: numberOf(when),
    };
  }

  async pending(ageMs: number, limit: number): Promise<PendingRoom[]> {
    const { calls: { port }, clock } = this.#parts;
    const found: PendingRoom[] = [];
    await Promise.all(port.shards.map(async (shard) => {
      if (!port.reachable(shard)) return;
      const reply = listOf(await port.run(
        shard, scripts.pending, [Math.floor(clock.now()), Math.floor(ageMs), limit]));
      for (let i = 0; i + 4 < reply.length; i += 5) {
        // What a shard still holds of a slot that it lost is not its to forward.
        if (port.owner(numberOf(reply[i])).shard !== shard) continue;
        found.push({
          room: textOf(reply[i + 1]) as RoomKey,
          forwarded: { seq: numberOf(reply[i + 2]), reads: numberOf(reply[i + 3]) },
          shards: textOf(reply[i + 4]).split('\n').filter((name) => name !== ''),
        });
      }
    }));
    return found.slice(0, limit);
  }

  async settle(room: RoomKey, forwarded: Forwarded, away: readonly string[]): Promise<void> {
    const slot = this.#parts.calls.port.slotOf(room);
    await this.#settles.submit({ room, slot, forwarded, away });
  }

  #submit(room: RoomKey, ops: readonly Buffer[]): Promise<Reply[]> {
    const bytes = ops.reduce((sum, op) => sum + op.length, room.length);
    return this.#writes.submit({ room, slot: this.#parts.calls.port.slotOf(room), ops, bytes });
  }

  async #write(shard: string, groups: readonly Group[]): Promise<Outcome<Reply[]>[]> {
    const { calls: { port }, limits, clock } = this.#parts;
    const args: (string | Buffer)[] = [
      port.fence(shard),
      write.start().u32(limits.maxMembers).u32(limits.feedFanoutLimit).u48(limits.keyWindowMs)
        .u48(clock.now()).end(),
    ];
    for (const { room, slot, ops } of groups) {
      args.push(write.start().u16(slot).u32(port.owner(slot).version).u16(ops.length).text(room)
        .end());
      args.push(...ops);
    }
    const replies = listOf(await port.run(shard, scripts.append, args));
    return replies.map((reply) => outcomeOf(reply));
  }

  async #settle(shard: string, units: readonly Settlement[]): Promise<Outcome<undefined>[]> {
    const { calls: { port }, clock } = this.#parts;
    const args = units.map(({ room, slot, forwarded, away }) => write.start().u16(slot)
      .u32(port.owner(slot).version).u32(forwarded.seq).u32(forwarded.reads)
      .text(away.map((name) => `${name}\n`).join('')).text(room).end());
    const replies = listOf(await port.run(
      shard, scripts.settle, [port.fence(shard), Math.floor(clock.now()), ...args]));
    return replies.map((reply) => (moved(reply) ? 'moved' : { done: undefined }));
  }
}

function outcomeOf(reply: Reply): Outcome<Reply[]> {
  if (moved(reply)) return 'moved';
  if (Array.isArray(reply)) return { done: reply };
  const cause = new Error(bytesOf(reply).toString());
  // Denied at its first write, for want of memory: nothing of it happened.
  const full = /\bOOM\b/.test(cause.message);
  return {
    failed: full ? new StoreError('refused', 'storage_full', 5_000, cause)
      : new StoreError('unknown', 'fault', 1_000, cause),
  };
}

