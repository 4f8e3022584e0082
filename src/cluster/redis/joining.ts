import type { Clock } from '../../base/clock.js';
import { StoreError } from '../../base/fault.js';
import type { IdSource } from '../../base/ids.js';
import { difference, parseTable, slotsOf, type SlotTable } from '../table.js';
import type { ShardChannel } from './channel.js';
import { unreachable, type ShardLink } from './link.js';
import { hashOf, listOf, numberOf, textOf } from './replies.js';
import { scripts } from './scripts.js';
import type { RedisShards } from './shards.js';

/** This process, as it shows itself to every shard. */
export interface Self {
  readonly node: string;
  /** Grows with each start under the id; known once shards were asked. */
  boot: number;
  /** Random: two processes never have the same. */
  readonly process: string;
}

export interface Joined {
  /**
   * `kept`: as before, over a new connection. `new`: for the first time, or the shard knew nothing
   * of this process. `fenced`: this process had been declared dead there (G7). `superseded`: a
   * later process has the id.
   */
  readonly as: 'kept' | 'new' | 'fenced' | 'superseded';
  /** Acknowledged writes were lost: all epochs on the shard have changed (G6). */
  readonly lost: boolean;
  readonly durability: string;
}

/** A shard that must not be written to as it is configured: the operator has to act. */
export class ShardMismatch extends Error {
  override readonly name = 'ShardMismatch';
}

/** What a shard says of itself that matters for durability, read by INFO and CONFIG. */
export interface ShardSettings {
  readonly run: string;
  /** Every write is on disk before it is acknowledged. */
  readonly always: boolean;
  readonly durability: string;
}

/** Text that compares greater than all made before, by the wall clock; history.lua sees to rest. */
export const generation = (clock: Clock, ids: IdSource): string =>
  clock.now().toString(36).padStart(9, '0') + ids(3).replace(/[^A-Za-z0-9]/g, '0');

/** @throws StoreError when the server is no primary, or loading */
export async function settingsOf(link: ShardLink): Promise<ShardSettings> {
  const info = new Map(textOf(await link.send('INFO', [])).split(/\r?\n/).map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  }));
  if (info.get('role') !== 'master' || info.get('loading') === '1') throw unreachable();
  // Not every server lets a client read its settings.
  const fsync = await link.send('CONFIG', ['GET', 'appendfsync'])
    .then((reply) => hashOf(reply).get('appendfsync') ?? 'unknown', () => 'unknown');
  const aof = info.get('aof_enabled') === '1';
  const replicas = Number(info.get('connected_slaves') ?? 0);
  return {
    run: info.get('run_id') ?? '',
    // Behind Sentinel another server may take over, to whom replication is asynchronous.
    always: aof && fsync === 'always' && !link.address.sentinel,
    durability: [
      aof ? `append-only file, appendfsync ${fsync}` : 'no append-only file',
      `${replicas} replica${replicas === 1 ? '' : 's'}`,
      `maxmemory-policy ${info.get('maxmemory_policy') ?? 'unknown'}`,
    ].join(', '),
  };
}

/** Makes the shard part of the cluster if nobody did, and checks that it is the one meant. */
export async function identify(
  link: ShardLink, table: SlotTable, clock: Clock, ids: IdSource,
): Promise<{ table: SlotTable; tag: string }> {
  const reply = await link.evaluate(scripts.bootstrap, [
    link.name, table.cluster, JSON.stringify(table), table.version, ids(3),
    generation(clock, ids),
    ...slotsOf(table, link.name).flatMap(({ slot, version }) => [slot, version]),
  ]);
  const meta = hashOf(reply);
  if (meta.get('shard') !== link.name) {
    throw new ShardMismatch(`${link.address.shown} holds the shard ${meta.get('shard')}, `
      + `and was given as ${link.name}`);
  }
  const stored = parseTable(meta.get('table') ?? '');
  if (stored.cluster !== table.cluster) {
    throw new ShardMismatch(`shard ${link.name} belongs to another cluster (${stored.cluster}; `
      + `the others to ${table.cluster})`);
  }
  return { table: stored, tag: meta.get('tag') ?? '' };
}

/** The cluster as a shard knows it, before anything is written there. */
export async function readMeta(link: ShardLink): Promise<SlotTable | undefined> {
  const text = hashOf(await link.send('HGETALL', ['meta'])).get('table');
  return text === undefined ? undefined : parseTable(text);
}

export interface JoinOptions {
  readonly link: ShardLink;
  readonly channel: ShardChannel;
  readonly shards: RedisShards;
  readonly self: Self;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Nodes that this one knew alive on the shard, with its tag: they must testify too. */
  readonly witnesses: readonly string[];
  /** How long to wait for the testimony of others, and between asking, in milliseconds. */
  readonly testimonyMs?: number;
}

/**
 * Takes a shard into use, for the first time or after it was away: reads what it is, settles
 * whether its history is whole, listens, and registers. Idempotent; sets what scripts show.
 * @throws StoreError to be tried again; ShardMismatch when it must not be used
 */
export async function join(options: JoinOptions): Promise<Joined> {
  const { link, channel, shards, self, clock, ids } = options;
  const settings = await settingsOf(link);
  const { table, tag } = await identify(link, shards.table, clock, ids);
  const differs = difference(table, [...shards.links.keys()]);
  if (differs !== undefined) throw new ShardMismatch(differs);
  shards.adopt(table);
  link.node = `${self.node}@${tag}`;
  const lost = await settleHistory(options, settings);
  await withTime(clock, channel.listen(link.node));
  if (self.boot === 0) self.boot = await nextBoot(link);
  const connection = ids(6);
  const reply = listOf(await link.evaluate(scripts.register, [
    link.node, self.boot, self.process, link.incarnation, connection,
  ]));
  const how = textOf(reply[0]);
  if (how === 'superseded') return { as: 'superseded', lost, durability: settings.durability };
  const knew = link.incarnation !== '';
  const incarnation = textOf(reply[1]);
  if (incarnation !== link.incarnation) link.acknowledged = 0;
  link.incarnation = incarnation;
  link.pass = `${incarnation}/${connection}`;
  channel.startFrom(numberOf(reply[2]));
  const fenced = how === 'new' && knew && numberOf(reply[3]) === 1;
  const as = how === 'kept' ? 'kept' : fenced ? 'fenced' : 'new';
  return { as, lost, durability: settings.durability };
}

/** One more than any start under this id that the shard knows of. */
export async function nextBoot(link: ShardLink): Promise<number> {
  const stored = await link.send('HGET', ['boots', link.node]);
  return stored === null ? 1 : parseInt(textOf(stored), 10) + 1;
}

async function settleHistory(options: JoinOptions, settings: ShardSettings): Promise<boolean> {
  const { link, clock, ids, testimonyMs = 3000 } = options;
  const startedMs = clock.monotonic();
  for (;;) {
    const patient = clock.monotonic() - startedMs < testimonyMs;
    const verdict = textOf(await link.evaluate(scripts.history, [
      settings.run, link.node, link.incarnation, link.acknowledged, settings.always ? 1 : 0,
      patient ? 0 : 1, generation(clock, ids), ...options.witnesses,
    ]));
    if (verdict !== 'wait') return verdict === 'lost';
    await new Promise<void>((resolve) => { clock.after(100, resolve); });
  }
}

/** Gives up what may never come, so that joining is begun again. */
async function withTime(clock: Clock, work: Promise<void>): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(2000, () => reject(new StoreError('refused', 'shard_unreachable', 1000)));
  });
  try {
    await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
