import type { Row, RowChange, Tables } from '../tables.js';
import { write } from './bytes.js';
import { scripts } from './scripts.js';
import { listOf, numberOf, textOf, type ShardCalls } from './shard-calls.js';

/** The tables on a ring of Redis shards; see {@link Tables} for what is promised. */
export class RedisTables implements Tables {
  constructor(private readonly calls: ShardCalls) {}

  async get(table: string, keys: readonly string[]): Promise<(string | undefined)[]> {
    if (keys.length === 0) return [];
    const { calls } = this;
    const slot = calls.port.slotOf(table);
    const reply = listOf(await calls.one(slot, scripts.tableRead, (version) =>
      [head(slot, version, table), 'get', ...keys]));
    return reply.map((value) => (value === null ? undefined : textOf(value)));
  }

  async range(
    table: string, from: string, to: string, limit: number, reverse = false,
  ): Promise<Row[]> {
    if (limit <= 0) return [];
    const { calls } = this;
    const slot = calls.port.slotOf(table);
    const reply = listOf(await calls.one(slot, scripts.tableRead, (version) =>
      [head(slot, version, table), reverse ? 'down' : 'up', from, to, limit]));
    const rows: Row[] = [];
    for (let at = 0; at < reply.length; at += 2) {
      rows.push({ key: textOf(reply[at]), value: textOf(reply[at + 1]) });
    }
    return rows;
  }

  async write(
    table: string, changes: readonly RowChange[], expect: readonly RowChange[] = [],
  ): Promise<boolean> {
    const { calls } = this;
    const slot = calls.port.slotOf(table);
    const args = [...expect, ...changes].flatMap(({ key, value }) =>
      [key, value === undefined ? 0 : 1, value ?? '']);
    const reply = await calls.one(slot, scripts.tableWrite, (version) => [
      calls.port.fence(calls.port.owner(slot).shard), head(slot, version, table), expect.length,
      ...args,
    ]);
    return numberOf(reply) === 1;
  }
}

const head = (slot: number, version: number, table: string): Buffer =>
  write.start().u16(slot).u32(version).text(table).end();
