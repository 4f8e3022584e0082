import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { propose, slotCount } from './ring.js';

const index = Type.Integer({ minimum: 0 });
const schema = Type.Object({
  /** Random name of the cluster, from its first start. */
  cluster: Type.String(),
  /** Grows with each change of the table. */
  version: Type.Integer({ minimum: 1 }),
  /** Names; owners are positions in this list. */
  shards: Type.Array(Type.String(), { minItems: 1 }),
  owners: Type.Array(index, { minItems: slotCount, maxItems: slotCount }),
  /** Version of each slot: grows with each move. */
  versions: Type.Array(index, { minItems: slotCount, maxItems: slotCount }),
});
const checker = Compile(schema);

/** Which shard owns each slot, as all shards keep it: the truth that {@link propose} begins. */
export type SlotTable = Static<typeof schema>;

/** The table of a cluster that starts for the first time. */
export function firstTable(cluster: string, shards: readonly string[]): SlotTable {
  const names = [...shards].sort();
  const owners = propose(names).map((name) => names.indexOf(name));
  return { cluster, version: 1, shards: names, owners, versions: owners.map(() => 1) };
}

/** @throws Error when the text is no table: the shard holds something else under that name */
export function parseTable(text: string): SlotTable {
  const value: unknown = JSON.parse(text);
  if (!checker.Check(value)) throw new Error('the slot table on a shard cannot be read');
  return value;
}

/** Slots of one shard with their versions. */
export function slotsOf(table: SlotTable, shard: string): { slot: number; version: number }[] {
  const at = table.shards.indexOf(shard);
  return table.owners.flatMap((owner, slot) =>
    (owner === at ? [{ slot, version: table.versions[slot] ?? 1 }] : []));
}

/** Puts what a shard itself says of its slots over the table: the newer version holds. */
export function overlay(
  table: SlotTable, shard: string, slots: Iterable<readonly [slot: number, version: number]>,
): SlotTable {
  const at = table.shards.indexOf(shard);
  if (at < 0) return table;
  const owners = [...table.owners];
  const versions = [...table.versions];
  for (const [slot, version] of slots) {
    if (version <= (versions[slot] ?? 0)) continue;
    owners[slot] = at;
    versions[slot] = version;
  }
  return { ...table, owners, versions };
}

/**
 * How a node's list of shards differs from the cluster's, for people; undefined when it does not.
 * Two nodes with different lists must not write side by side.
 */
export function difference(table: SlotTable, given: readonly string[]): string | undefined {
  const missing = table.shards.filter((name) => !given.includes(name));
  const extra = given.filter((name) => !table.shards.includes(name));
  if (missing.length === 0 && extra.length === 0) return undefined;
  return [
    `this node was given the shards ${[...given].sort().join(', ')}`,
    `the cluster has ${table.shards.join(', ')}`,
    ...(missing.length > 0 ? [`missing here: ${missing.join(', ')}`] : []),
    ...(extra.length > 0
      ? [`not in the cluster: ${extra.join(', ')} (ringpost shards add takes them in)`] : []),
  ].join('; ');
}
