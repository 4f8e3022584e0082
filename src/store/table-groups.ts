import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { IdSource } from '../base/ids.js';
import { StoreError } from '../base/fault.js';
import type { Broadcast, Group, GroupStore } from './groups.js';
import type { RowChange, Tables } from './tables.js';

/** A group as a row keeps it; `life` tells its members from those of one deleted before. */
const recordCheck = Compile(Type.Object({
  group: Type.String(), title: Type.Optional(Type.String()), active: Type.Boolean(),
  members: Type.Integer(), life: Type.String(),
}));

const broadcastCheck = Compile(Type.Object({
  tenant: Type.String(), id: Type.String(), group: Type.String(), by: Type.String(),
  text: Type.String(), at: Type.Number(), after: Type.String(), sent: Type.Integer(),
  skipped: Type.Integer(), touchedAt: Type.Number(), done: Type.Boolean(),
}));

type GroupRecord = Group & { readonly life: string };

interface Found {
  readonly record: GroupRecord;
  /** As it is kept: what a change expects. */
  readonly row: RowChange;
}

const damaged = (): StoreError => new StoreError(
  'refused', 'corrupted', 0, new Error('the store holds a damaged group'));

const broadcastTable = 'broadcasts';
const tableOf = (tenant: string): string => `groups:${tenant}`;
const groupKey = (group: string): string => `g${group}`;
const memberKey = ({ group, life }: GroupRecord, user: string): string =>
  `m${group}\0${life}\0${user}`;
const broadcastKey = ({ tenant, id }: Broadcast): string => `${tenant}\0${id}`;
/** Above every key that begins so: no text holds bytes this high. */
const end = (prefix: string): string => `${prefix}\u{10ffff}`;

const removedAtOnce = 500;

function parsed(value: string): GroupRecord {
  const record: unknown = JSON.parse(value);
  if (!recordCheck.Check(record)) throw damaged();
  return record;
}

function parsedBroadcast(value: string): Broadcast {
  const broadcast: unknown = JSON.parse(value);
  if (!broadcastCheck.Check(broadcast)) throw damaged();
  return broadcast;
}

const shown = ({ life: _, ...group }: GroupRecord): Group => group;

/** The groups over the tables of any store; see {@link GroupStore} for what is promised. */
export class TableGroups implements GroupStore {
  constructor(private readonly tables: Tables, private readonly ids: IdSource) {}

  async create(tenant: string, group: Omit<Group, 'members'>): Promise<Group | undefined> {
    const record = { ...group, members: 0, life: this.ids(6) };
    const key = groupKey(group.group);
    const value = JSON.stringify(record);
    const made = await this.tables.write(tableOf(tenant), [{ key, value }], [{ key }]);
    return made ? shown(record) : undefined;
  }

  async get(tenant: string, group: string): Promise<Group | undefined> {
    const found = await this.#find(tenant, group);
    return found === undefined ? undefined : shown(found.record);
  }

  async list(tenant: string, after: string, limit: number): Promise<Group[]> {
    const rows = await this.tables.range(
      tableOf(tenant), after === '' ? 'g' : `g${after}\0`, 'h', limit);
    return rows.map(({ value }) => shown(parsed(value)));
  }

  update(
    tenant: string, group: string, change: { readonly title?: string; readonly active?: boolean },
  ): Promise<Group | undefined> {
    return this.#change(tenant, group, async (record) => [{ ...record, ...change }, []]);
  }

  async remove(tenant: string, group: string): Promise<boolean> {
    for (;;) {
      const found = await this.#find(tenant, group);
      if (found === undefined) return false;
      const { key } = found.row;
      if (!await this.tables.write(tableOf(tenant), [{ key }], [found.row])) continue;
      await this.#sweep(tenant, found.record);
      return true;
    }
  }

  add(tenant: string, group: string, users: readonly string[]): Promise<Group | undefined> {
    return this.#change(tenant, group, async (record) => {
      const keys = [...new Set(users)].map((user) => memberKey(record, user));
      const there = await this.tables.get(tableOf(tenant), keys);
      const fresh = keys.filter((_, index) => there[index] === undefined);
      return [
        { ...record, members: record.members + fresh.length },
        fresh.map((key) => ({ key, value: '1' })),
      ];
    });
  }

  take(tenant: string, group: string, users: readonly string[]): Promise<Group | undefined> {
    return this.#change(tenant, group, async (record) => {
      const keys = [...new Set(users)].map((user) => memberKey(record, user));
      const there = await this.tables.get(tableOf(tenant), keys);
      const gone = keys.filter((_, index) => there[index] !== undefined);
      return [
        { ...record, members: record.members - gone.length }, gone.map((key) => ({ key })),
      ];
    });
  }

  async members(
    tenant: string, group: string, after: string, limit: number,
  ): Promise<string[]> {
    const found = await this.#find(tenant, group);
    if (found === undefined) return [];
    const prefix = memberKey(found.record, '');
    const rows = await this.tables.range(
      tableOf(tenant), after === '' ? prefix : `${prefix}${after}\0`, end(prefix), limit);
    return rows.map(({ key }) => key.slice(prefix.length));
  }

  async begin(broadcast: Broadcast): Promise<Broadcast> {
    const key = broadcastKey(broadcast);
    const value = JSON.stringify(broadcast);
    if (await this.tables.write(broadcastTable, [{ key, value }], [{ key }])) return broadcast;
    const [there] = await this.tables.get(broadcastTable, [key]);
    // Forgotten between the two: it may begin anew.
    return there === undefined ? this.begin(broadcast) : parsedBroadcast(there);
  }

  advance(before: Broadcast, after: Broadcast): Promise<boolean> {
    const key = broadcastKey(before);
    return this.tables.write(
      broadcastTable, [{ key, value: JSON.stringify(after) }],
      [{ key, value: JSON.stringify(before) }]);
  }

  async broadcasts(limit: number): Promise<Broadcast[]> {
    const rows = await this.tables.range(broadcastTable, '', end(''), limit);
    return rows.map(({ value }) => parsedBroadcast(value));
  }

  async forget(broadcast: Broadcast): Promise<void> {
    await this.tables.write(broadcastTable, [{ key: broadcastKey(broadcast) }]);
  }

  async #find(tenant: string, group: string): Promise<Found | undefined> {
    const key = groupKey(group);
    const [value] = await this.tables.get(tableOf(tenant), [key]);
    return value === undefined ? undefined : { record: parsed(value), row: { key, value } };
  }

  /** Changes a group and rows with it, deciding again where another came first. */
  async #change(
    tenant: string, group: string,
    change: (record: GroupRecord) => Promise<[GroupRecord, RowChange[]]>,
  ): Promise<Group | undefined> {
    for (;;) {
      const found = await this.#find(tenant, group);
      if (found === undefined) return undefined;
      const [record, rows] = await change(found.record);
      const row = { key: found.row.key, value: JSON.stringify(record) };
      if (row.value === found.row.value) return shown(record);
      if (await this.tables.write(tableOf(tenant), [row, ...rows], [found.row])) {
        return shown(record);
      }
    }
  }

  async #sweep(tenant: string, record: GroupRecord): Promise<void> {
    const prefix = memberKey(record, '');
    for (;;) {
      const rows = await this.tables.range(tableOf(tenant), prefix, end(prefix), removedAtOnce);
      if (rows.length === 0) return;
      await this.tables.write(tableOf(tenant), rows.map(({ key }) => ({ key })));
    }
  }
}
