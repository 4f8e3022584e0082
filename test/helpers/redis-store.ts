import { Redis } from 'ioredis';
import { systemClock, type Clock } from '../../src/base/clock.js';
import { StoreError } from '../../src/base/fault.js';
import { randomId, type UserKey } from '../../src/base/ids.js';
import { limitsWith } from '../../src/base/limits.js';
import {
  connectionsKey, nodeChannel, nodesKey, publicationHeader, slotsKey,
} from '../../src/cluster/keys.js';
import { propose, slotCount, slotOf, type Assignment } from '../../src/cluster/ring.js';
import type { Reply, Script, ShardPort, SlotOwner } from '../../src/cluster/shard-port.js';
import type { Delivery } from '../../src/store/feeds.js';
import { decodeDeliveries } from '../../src/store/redis/publication.js';
import { openRedisStore } from '../../src/store/redis/store.js';
import { freshTenant, type StoreFactory, type StoreUnderTest } from '../conformance/harness.js';
import type { RedisServer } from './redis.js';

/** The machine's clock, some time ahead. */
class AheadClock implements Clock {
  aheadMs = 0;
  now = (): number => systemClock.now() + this.aheadMs;
  monotonic = (): number => systemClock.monotonic() + this.aheadMs;
  after = (delayMs: number, run: () => void): (() => void) => systemClock.after(delayMs, run);
}

/**
 * The smallest port that the store can stand on: a fixed ring, one connection a shard, one node
 * that is always live. The ring's own faults are tested with the ring.
 */
export class PlainShards implements ShardPort {
  readonly shards: readonly string[];
  readonly clients: ReadonlyMap<string, Redis>;
  /** Script calls so far, by name. */
  readonly calls = new Map<string, number>();
  refreshes = 0;
  versions = new Map<number, number>();
  owners: Assignment;

  constructor(servers: readonly RedisServer[], readonly node = 'n1') {
    this.shards = servers.map((_, index) => `s${index}`);
    this.clients = new Map(servers.map(({ port }, index) => [
      `s${index}`,
      new Redis(port, '127.0.0.1', {
        protocol: 2, enableOfflineQueue: true, autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
      }),
    ]));
    // What a lost connection does shows in the calls.
    for (const client of this.clients.values()) client.on('error', () => undefined);
    this.owners = propose(this.shards);
  }

  /** Writes slots and node where no node was before. */
  async prepare(): Promise<void> {
    for (const [shard, client] of this.clients) {
      const owned: string[] = [];
      for (let slot = 0; slot < slotCount; slot++) {
        if (this.owners[slot] === shard) owned.push(String(slot), '1');
      }
      if (await client.exists(slotsKey) === 0) await client.hset(slotsKey, ...owned);
      await client.hset(nodesKey, this.node, 1);
    }
  }

  slotOf = slotOf;

  owner(slot: number): SlotOwner {
    return { shard: this.owners[slot] ?? '', version: this.versions.get(slot) ?? 1 };
  }

  async refresh(): Promise<void> {
    this.refreshes++;
    for (const [shard, client] of this.clients) {
      const table = await client.hgetall(slotsKey);
      for (const [slot, value] of Object.entries(table)) {
        const version = Number.parseInt(value, 10);
        if (version < (this.versions.get(Number(slot)) ?? 1)) continue;
        this.versions.set(Number(slot), version);
        this.owners = this.owners.map((owner, at) => (at === Number(slot) ? shard : owner));
      }
    }
  }

  fence = (): string => `${this.node} 1`;
  reachable = (): boolean => true;

  async run(
    shard: string, script: Script, args: readonly (string | Buffer | number)[],
  ): Promise<Reply> {
    this.calls.set(script.name, (this.calls.get(script.name) ?? 0) + 1);
    const { message, reply } = await this.#try(shard, 'EVALSHA', [script.sha, 0, ...args]);
    if (reply !== undefined) return reply;
    if (!message.startsWith('NOSCRIPT')) throw faultOf(message);
    const second = await this.#try(shard, 'EVAL', [script.text, 0, ...args]);
    if (second.reply === undefined) throw faultOf(`${script.name}: ${second.message}`);
    return second.reply;
  }

  async #try(
    shard: string, command: string, args: readonly (string | Buffer | number)[],
  ): Promise<{ message: string; reply?: Reply }> {
    try {
      return { message: '', reply: await this.call(shard, command, args) };
    } catch (cause) {
      return { message: cause instanceof Error ? cause.message : '' };
    }
  }

  async call(
    shard: string, command: string, args: readonly (string | Buffer | number)[],
  ): Promise<Reply> {
    return replyOf(await this.clients.get(shard)?.callBuffer(command, [...args]));
  }

  async close(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.quit()));
  }
}

const faultOf = (message: string): Error => (message.includes('FENCED')
  ? new StoreError('refused', 'fenced', 1_000) : new Error(message));

function replyOf(value: unknown): Reply {
  if (Array.isArray(value)) return value.map(replyOf);
  if (value === null || typeof value === 'number' || Buffer.isBuffer(value)) return value;
  if (value instanceof Error) throw value;
  throw new Error(`no reply: ${typeof value}`);
}

export interface RedisUnderTest extends StoreUnderTest {
  readonly shards: PlainShards;
}

/** Stores on servers that are there already, each as a node of its own. */
export function redisStores(servers: readonly RedisServer[]): (
  limits?: Readonly<Record<string, number>>, node?: string,
) => Promise<RedisUnderTest> {
  let made = 0;
  return async (limits = {}, node = `n${++made}`) => {
    const shards = new PlainShards(servers, node);
    await shards.prepare();
    const clock = new AheadClock();
    const deliveries: Delivery[] = [];
    const channel = nodeChannel(node);
    const listeners = [...shards.clients.values()].map((client) => client.duplicate());
    for (const listener of listeners) {
      listener.on('messageBuffer', (_channel: Buffer, message: Buffer) => {
        const header = publicationHeader.exec(message.toString('latin1'))?.[0] ?? '';
        deliveries.push(...decodeDeliveries(message.subarray(header.length)));
      });
      await listener.subscribe(channel);
    }
    const store = openRedisStore({
      port: shards, limits: limitsWith(limits), clock, ids: randomId,
    });
    return {
      store, shards, tenant: freshTenant(), deliveries,
      async hold(users: readonly UserKey[]) {
        for (const user of users) {
          const slot = slotOf(user);
          await shards.clients.get(shards.owner(slot).shard)
            ?.hset(connectionsKey(slot, user), `${node}-session`, `${node} 1`);
        }
      },
      now: () => clock.now(),
      async advance(ms) {
        clock.aheadMs += ms;
      },
      async close() {
        await store.close();
        await Promise.all(listeners.map((listener) => listener.quit()));
        await shards.close();
      },
    };
  };
}

export const redisFactory = (servers: readonly RedisServer[]): StoreFactory => {
  const make = redisStores(servers);
  return (limits) => make(limits);
};
