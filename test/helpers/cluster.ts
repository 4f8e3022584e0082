import { systemClock, type Clock } from '../../src/base/clock.js';
import { randomId, userKey, type UserKey } from '../../src/base/ids.js';
import { limitsWith } from '../../src/base/limits.js';
import { createLogger } from '../../src/base/log.js';
import type { BusHandler, RoomEvent, Signal } from '../../src/cluster/bus.js';
import type { ConnectRequest, Presence } from '../../src/cluster/directory.js';
import { openCluster, type Cluster } from '../../src/cluster/redis/open.js';

/** What a node of a test was told. */
export interface Told {
  readonly presence: { readonly user: UserKey; readonly presence: Presence }[];
  readonly signals: Signal[];
  readonly rooms: RoomEvent[];
  readonly fenced: string[];
  readonly returned: string[];
  readonly refused: string[];
  gaps: number;
  superseded: number;
}

export interface TestNode extends Cluster {
  readonly told: Told;
}

export interface TestNodeOptions {
  readonly shards: readonly string[];
  readonly node: string;
  readonly limits?: Readonly<Record<string, number>>;
  readonly clock?: Clock;
  readonly bus?: BusHandler;
  readonly presence?: (user: UserKey, presence: Presence) => void;
  readonly startMs?: number;
}

/** A cluster node without the chat above it, that keeps what it is told. */
export async function openNode(options: TestNodeOptions): Promise<TestNode> {
  const told: Told = {
    presence: [], signals: [], rooms: [], fenced: [], returned: [], refused: [], gaps: 0,
    superseded: 0,
  };
  const cluster = await openCluster({
    shards: options.shards, node: options.node, publicUrl: () => `http://${options.node}/rpc`,
    limits: limitsWith({ presenceGraceMs: 300, maxConnectionsPerUser: 5, ...options.limits }),
    clock: options.clock ?? systemClock, ids: randomId,
    log: createLogger({ format: process.env['RINGPOST_TEST_LOG'] === '1' ? 'json' : 'silent' }),
    bus: {
      signal: (signal) => { told.signals.push(signal); options.bus?.signal(signal); },
      room: (event) => { told.rooms.push(event); options.bus?.room(event); },
      gap: () => { told.gaps += 1; options.bus?.gap(); },
    },
    presence: (user, presence) => {
      told.presence.push({ user, presence });
      options.presence?.(user, presence);
    },
    membership: {
      fenced: (shard) => { told.fenced.push(shard); },
      superseded: () => { told.superseded += 1; },
    },
    refused: (_user, session, why) => { told.refused.push(`${session} ${why}`); },
    returned: (shard) => { told.returned.push(shard); },
    ...(options.startMs !== undefined && { startMs: options.startMs }),
  });
  return { ...cluster, told };
}

export const user = (name: string): UserKey => userKey('default', name);

let made = 0;
export const sessionOf = (name: string): ConnectRequest =>
  ({ user: user(name), session: `session-${++made}`, issuedAt: 1_700_000_000_000 });

/** The first of `name-0`, `name-1` … that lives on a shard. */
export function nameOn(node: Cluster, shard: string, name: string): string {
  for (let n = 0; ; n += 1) {
    if (node.shards.shardOf(user(`${name}-${n}`)) === shard) return `${name}-${n}`;
  }
}
