import type { Clock } from '../../base/clock.js';
import { StoreError } from '../../base/fault.js';
import type { IdSource, UserKey } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type { Logger } from '../../base/log.js';
import type { Bus, BusHandler } from '../bus.js';
import type { ConnectRefusal, Directory, PresenceHandler } from '../directory.js';
import type { Membership, MembershipHandler } from '../membership.js';
import { parseShards } from '../redis-client.js';
import { difference, firstTable, type SlotTable } from '../table.js';
import { RedisBus } from './bus.js';
import { ShardChannel } from './channel.js';
import { RedisDirectory } from './directory.js';
import { identify, nextBoot, readMeta, ShardMismatch, type Self } from './joining.js';
import { ShardLink, unreachable } from './link.js';
import { RedisMembership } from './membership.js';
import { RedisShards } from './shards.js';
import { presences, roomEvents, signals } from './wire.js';

export interface ClusterOptions {
  /** `URL` or `name=URL` each; see {@link parseShards}. The same set on every node. */
  readonly shards: readonly string[];
  /** Letters, digits, `.`, `_`, `-`; at most 64. A process that starts under it takes it over. */
  readonly node: string;
  /** Where clients reach this node; known once it listens. */
  readonly publicUrl: () => string;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly bus: BusHandler;
  readonly presence: PresenceHandler;
  readonly membership: MembershipHandler;
  /** A session of this node that a shard refuses to take back on its return: close it. */
  readonly refused: (user: UserKey, session: string, why: ConnectRefusal) => void;
  /** A shard came back and was told all: drive its outbox marks. */
  readonly returned?: (shard: string) => void;
  /** How long to wait for the shards at start, in milliseconds; default 10,000. */
  readonly startMs?: number;
}

/** A publication for this node that is none of the cluster's own. */
export type PublicationHandler = (body: Buffer, shard: string) => void;

export interface Cluster {
  readonly directory: Directory;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly shards: RedisShards;
  /**
   * Takes publications of a kind (a capital letter, see keys.ts) that the cluster does not know:
   * those of the store's feeds.
   */
  onPublication(kind: string, handler: PublicationHandler): void;
  /** Takes what this node holds back from the shards that can be reached, and ends. */
  close(): Promise<void>;
}

const commandTimeoutMs = 1500;
const maxInFlight = 5000;
const deafAfterMs = 3000;
/** How long a start waits for one shard when the others know the cluster. */
const patienceMs = 2000;

/**
 * Joins the cluster that these shards are, or begins it.
 *
 * Resolves when every shard that could be reached is in use; one that could not is taken in when
 * it is back. The first start of a cluster needs all of them.
 * @throws ShardMismatch that says how this node's list of shards differs from the cluster's, or
 *   which shard is not the one meant
 * @throws StoreError when no shard can be reached, or not all at the first start
 */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(options.node)) {
    throw new RangeError('a node id is 1 to 64 letters, digits, dots, dashes and underlines');
  }
  const parts = assemble(options);
  try {
    await start(options, parts);
  } catch (error) {
    for (const part of [...parts.shards.links.values(), ...parts.channels.values()]) part.close();
    throw error;
  }
  const { directory, bus, membership, shards, channels, handlers } = parts;
  return {
    directory, bus, membership, shards,
    onPublication: (kind, handler) => { handlers.set(kind, handler); },
    async close() {
      directory.close();
      await membership.close();
      for (const part of [...shards.links.values(), ...channels.values()]) part.close();
    },
  };
}

interface Parts {
  readonly self: Self;
  readonly shards: RedisShards;
  readonly channels: ReadonlyMap<string, ShardChannel>;
  readonly directory: RedisDirectory;
  readonly bus: RedisBus;
  readonly membership: RedisMembership;
  readonly handlers: Map<string, PublicationHandler>;
  /** Set once the slot table is known: from then on, connections that are ready are joined. */
  readonly begun: { yes: boolean };
}

function assemble(options: ClusterOptions): Parts {
  const { clock, ids, log, limits } = options;
  const addresses = parseShards(options.shards);
  const begun = { yes: false };
  const self: Self = { node: options.node, boot: 0, process: ids(6).replace(/[^\w]/g, '0') };
  const handlers = new Map<string, PublicationHandler>();
  const channels = new Map(addresses.map((address) => [address.name, new ShardChannel({
    address, clock, deafAfterMs,
    received: (kind, body) => guarded(log, () => handlers.get(kind)?.(body, address.name)),
    gap: () => missed(address.name),
  })]));
  const links = addresses.map((address) => new ShardLink({
    address, clock, timeoutMs: commandTimeoutMs, maxInFlight,
    ready: () => { if (begun.yes) void membership.join(address.name); },
    down: (reason) => membership.away(address.name, reason),
    fenced: () => void membership.join(address.name),
  }));
  const shards = new RedisShards(links, () => {
    for (const link of links) if (link.state === 'up') void tell(link.name).catch(() => undefined);
  });
  const bus = new RedisBus(shards);
  const directory = new RedisDirectory({
    shards, clock, graceMs: limits.presenceGraceMs,
    maxConnectionsPerUser: limits.maxConnectionsPerUser,
    changed: options.presence, refused: options.refused,
  });
  const tell = async (shard: string): Promise<void> => {
    await bus.reassert(shard);
    await directory.reassert(shard);
  };
  const missed = (shard: string): void => {
    if (!shards.reachable(shard)) return;
    options.bus.gap();
    directory.reread(shard).catch(() => undefined);
  };
  const used = new Set<string>();
  const membership = new RedisMembership({
    self, url: options.publicUrl, shards, channels, clock, ids, log,
    graceMs: limits.presenceGraceMs, handler: options.membership,
    fenced: (shard) => directory.forget(shard),
    returned: async (shard) => {
      await tell(shard);
      // Nothing can have been missed before the first use.
      if (!used.has(shard)) {
        used.add(shard);
        return;
      }
      options.bus.gap();
      options.returned?.(shard);
    },
  });
  handlers.set('S', (body) => { for (const one of signals(body)) options.bus.signal(one); });
  handlers.set('R', (body) => { for (const one of roomEvents(body)) options.bus.room(one); });
  handlers.set('P', (body) => directory.published(presences(body)));
  return { self, shards, channels, directory, bus, membership, handlers, begun };
}

/** What a handler throws is its own fault: the channel goes on. */
function guarded(log: Logger, run: () => void): void {
  try {
    run();
  } catch (error) {
    log.error({ err: error }, 'a publication could not be handled');
  }
}

async function start(options: ClusterOptions, parts: Parts): Promise<void> {
  const { shards, channels, membership, self } = parts;
  const { clock } = options;
  const links = [...shards.links.values()];
  for (const part of [...links, ...channels.values()]) part.open();
  const untilMs = clock.monotonic() + (options.startMs ?? 10_000);
  for (;;) {
    const soonMs = Math.min(untilMs, clock.monotonic() + patienceMs);
    await until(clock, soonMs, () => links.every((link) => link.connected));
    try {
      shards.adopt(await findTable(options, links));
      break;
    } catch (fault) {
      if (!(fault instanceof StoreError) || clock.monotonic() >= untilMs) throw fault;
    }
    await pause(clock, 200);
  }
  for (const link of links) await chooseBoot(options, shards, self, link);
  if (self.boot === 0) self.boot = 1;
  parts.begun.yes = true;
  await Promise.all(links.filter((link) => link.connected).map((link) =>
    membership.join(link.name)));
}

/** The boot number must pass that of every start before, on whichever shard it was. */
async function chooseBoot(
  options: ClusterOptions, shards: RedisShards, self: Self, link: ShardLink,
): Promise<void> {
  try {
    const { tag } = await identify(link, shards.table, options.clock, options.ids);
    link.node = `${self.node}@${tag}`;
    self.boot = Math.max(self.boot, await nextBoot(link));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
}

/** The table on the shards; at the first start the proposal, by whoever comes first. */
async function findTable(
  options: ClusterOptions, links: readonly ShardLink[],
): Promise<SlotTable> {
  const connected = links.filter((link) => link.connected);
  if (connected.length === 0) throw unreachable();
  const stored: SlotTable[] = [];
  for (const link of connected) {
    const table = await readMeta(link);
    if (table !== undefined) stored.push(table);
  }
  const names = links.map((link) => link.name);
  const newest = stored.sort((a, b) => b.version - a.version)[0];
  if (newest !== undefined) {
    const differs = difference(newest, names);
    if (differs !== undefined) throw new ShardMismatch(differs);
    return newest;
  }
  if (connected.length < links.length) {
    throw new StoreError('refused', 'shard_unreachable', 1000,
      new Error('the first start of a cluster needs all of its shards'));
  }
  const proposal = firstTable(options.ids(6), names);
  const [lead] = [...links].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (lead === undefined) throw new RangeError('no shard');
  // Every node writes to the same shard first: what it answers is the table of all.
  return identifyLead(options, lead, proposal);
}

async function identifyLead(
  options: ClusterOptions, lead: ShardLink, proposal: SlotTable,
): Promise<SlotTable> {
  try {
    return (await identify(lead, proposal, options.clock, options.ids)).table;
  } catch (error) {
    const stored = error instanceof ShardMismatch ? await readMeta(lead) : undefined;
    if (stored === undefined) throw error;
    const differs = difference(stored, proposal.shards);
    if (differs !== undefined) throw new ShardMismatch(differs);
    return stored;
  }
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => { clock.after(ms, resolve); });

async function until(clock: Clock, untilMs: number, met: () => boolean): Promise<void> {
  while (!met() && clock.monotonic() < untilMs) await pause(clock, 20);
}
