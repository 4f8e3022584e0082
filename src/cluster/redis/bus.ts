import type { RoomKey } from '../../base/ids.js';
import type { Bus, RoomEvent, Signal } from '../bus.js';
import { ItemLane, type LaneItem } from './lane.js';
import { scripts } from './scripts.js';
import type { RedisShards } from './shards.js';
import { roomLines, signalLines } from './wire.js';

/** The bus over the shards: one channel a node on each, and nobody hears what it does not need. */
export class RedisBus implements Bus {
  readonly #shards: RedisShards;
  readonly #join: ItemLane;
  readonly #publish: ItemLane;
  readonly #signal: ItemLane;
  readonly #joined = new Map<RoomKey, number>();

  constructor(shards: RedisShards) {
    this.#shards = shards;
    const lane = (script: keyof typeof scripts) =>
      new ItemLane({ shards, script: scripts[script], fenced: true });
    this.#join = lane('join');
    this.#publish = lane('publish');
    this.#signal = lane('signal');
  }

  async signal(signal: Signal): Promise<void> {
    const after = [signalLines(signal)];
    await this.#signal.all(signal.users.map((key) => ({ key, after })));
  }

  async publish(event: RoomEvent): Promise<void> {
    await this.#publish.submit({ key: event.room, after: [roomLines(event)] });
  }

  async join(room: RoomKey): Promise<void> {
    this.#joined.set(room, (this.#joined.get(room) ?? 0) + 1);
    try {
      await this.#join.submit(joinItem('+', room));
    } catch (error) {
      this.#lessen(room);
      throw error;
    }
  }

  async leave(room: RoomKey): Promise<void> {
    if (this.#lessen(room)) await this.#join.submit(joinItem('-', room));
  }

  /** A shard came back, or slots moved: joins there again what this node has joined. */
  async reassert(shard: string): Promise<void> {
    const rooms = [...this.#joined.keys()].filter((room) => this.#shards.shardOf(room) === shard);
    await this.#join.all(rooms.map((room) => joinItem('+', room)));
  }

  /** Whether nobody here wants the room any more. */
  #lessen(room: RoomKey): boolean {
    const count = this.#joined.get(room) ?? 0;
    if (count > 1) this.#joined.set(room, count - 1);
    else return this.#joined.delete(room);
    return false;
  }
}

const joinItem = (op: string, room: RoomKey): LaneItem => ({ key: room, before: [op] });
