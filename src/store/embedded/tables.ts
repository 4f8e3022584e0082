import type { Row, RowChange, Tables } from '../tables.js';
import { decodeText, encodeText } from './codec.js';
import type { Committer } from './committer.js';
import { rowKeyOf, textOf } from './keys.js';
import type { Kv } from './kv.js';

const textIn = (bytes: Buffer | undefined): string | undefined =>
  (bytes === undefined ? undefined : decodeText(bytes, 'row'));

/** The tables on the embedded store; see {@link Tables} for what is promised. */
export class EmbeddedTables implements Tables {
  constructor(private readonly kv: Kv, private readonly committer: Committer) {}

  async get(table: string, keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => textIn(this.kv.get(rowKeyOf(table, key))));
  }

  async range(
    table: string, from: string, to: string, limit: number, reverse = false,
  ): Promise<Row[]> {
    const prefix = rowKeyOf(table, '').length;
    return this.kv.range(rowKeyOf(table, from), rowKeyOf(table, to), { limit, reverse })
      .map(([key, value]) => ({
        key: textOf(key.slice(prefix)), value: decodeText(value, 'row'),
      }));
  }

  write(
    table: string, changes: readonly RowChange[], expect: readonly RowChange[] = [],
  ): Promise<boolean> {
    return this.committer.write((tx) => {
      for (const { key, value } of expect) {
        if (textIn(tx.get(rowKeyOf(table, key))) !== value) return false;
      }
      for (const { key, value } of changes) {
        const at = rowKeyOf(table, key);
        if (value === undefined) tx.remove(at);
        else tx.put(at, encodeText(value));
      }
      return true;
    });
  }
}
