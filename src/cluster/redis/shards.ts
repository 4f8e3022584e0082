import { slotOf } from '../ring.js';
import { StoreError } from '../../base/fault.js';
import type { Reply, Script, ShardPort, SlotOwner } from '../shard-port.js';
import { overlay, parseTable, type SlotTable } from '../table.js';
import { unreachable, type ShardLink } from './link.js';
import { hashOf } from './replies.js';

/** The shards of the ring as this node reaches them, and the slot table as it believes it. */
export class RedisShards implements ShardPort {
  readonly links: ReadonlyMap<string, ShardLink>;
  #table: SlotTable | undefined;
  #refreshing: Promise<void> | undefined;
  readonly #moved: () => void;

  /** @param moved told after a refresh that found slots at other shards than before */
  constructor(links: readonly ShardLink[], moved: () => void) {
    this.links = new Map(links.map((link) => [link.name, link]));
    this.#moved = moved;
  }

  get shards(): readonly string[] {
    return this.table.shards;
  }

  get table(): SlotTable {
    if (this.#table === undefined) throw unreachable();
    return this.#table;
  }

  /** Takes a table that was read or made; an older one changes nothing. */
  adopt(table: SlotTable): void {
    if (this.#table === undefined || table.version > this.#table.version) this.#table = table;
  }

  slotOf(key: string): number {
    return slotOf(key);
  }

  owner(slot: number): SlotOwner {
    const { shards, owners, versions } = this.table;
    const shard = shards[owners[slot] ?? -1];
    if (shard === undefined) throw new RangeError(`no slot ${slot}`);
    return { shard, version: versions[slot] ?? 0 };
  }

  /** The shard that owns a room key or user key. */
  shardOf(key: string): string {
    return this.owner(slotOf(key)).shard;
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  fence(shard: string): string {
    return this.#link(shard).fence;
  }

  run(shard: string, script: Script, args: readonly (string | Buffer | number)[]): Promise<Reply> {
    return this.#link(shard).run(script, args);
  }

  call(shard: string, command: string, args: readonly (string | number)[]): Promise<Reply> {
    const link = this.#link(shard);
    return link.state === 'up' ? link.send(command, args) : Promise.reject(unreachable());
  }

  reachable(shard: string): boolean {
    return this.links.get(shard)?.state === 'up';
  }

  #link(shard: string): ShardLink {
    const link = this.links.get(shard);
    if (link === undefined) throw new StoreError('refused', 'shard_unknown', 5000);
    return link;
  }

  /** The newest table on any shard, and over it what each shard says of its own slots. */
  async #read(): Promise<void> {
    const before = this.table;
    let table = before;
    const said: { shard: string; slots: [number, number][] }[] = [];
    await Promise.all([...this.links.values()].map(async (link) => {
      if (!link.connected) return;
      try {
        const [meta, slots] = await Promise.all([
          link.send('HGETALL', ['meta']).then(hashOf), link.send('HGETALL', ['slots']).then(hashOf),
        ]);
        const text = meta.get('table');
        if (text !== undefined && meta.get('cluster') === before.cluster) {
          const stored = parseTable(text);
          if (stored.version > table.version) table = stored;
        }
        said.push({
          shard: link.name,
          slots: [...slots].map(([slot, field]) => [Number(slot), parseInt(field, 10)]),
        });
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    }));
    for (const { shard, slots } of said) table = overlay(table, shard, slots);
    this.#table = table;
    const same = table.owners.every((owner, slot) =>
      table.shards[owner] === before.shards[before.owners[slot] ?? -1]);
    if (!same) this.#moved();
  }
}
