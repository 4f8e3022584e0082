import { ManualClock } from '../../src/base/clock.js';
import { randomId, tenantOf } from '../../src/base/ids.js';
import { limitsWith } from '../../src/base/limits.js';
import { createLogger } from '../../src/base/log.js';
import { Metrics } from '../../src/base/metrics.js';
import { accessInterceptor } from '../../src/chat/access/access.js';
import { openPolicy, type Policy } from '../../src/chat/access/policy.js';
import type { Chat, ChatParts } from '../../src/chat/chat.js';
import { createCore, type Core } from '../../src/chat/core.js';
import { Mailing } from '../../src/chat/mailing.js';
import { mapError } from '../../src/chat/map-error.js';
import { registerMethods } from '../../src/chat/methods/index.js';
import { ChatPeople } from '../../src/chat/people.js';
import { PresenceWatches } from '../../src/chat/presence.js';
import { ReadUp } from '../../src/chat/read-up.js';
import { LocalBus } from '../../src/cluster/local/bus.js';
import { LocalDirectory } from '../../src/cluster/local/directory.js';
import { LocalMembership } from '../../src/cluster/local/membership.js';
import { createDispatcher } from '../../src/rpc/dispatch.js';
import type { Dispatcher } from '../../src/rpc/dispatcher.js';
import { unauthenticated } from '../../src/rpc/errors.js';
import type { Identity } from '../../src/rpc/identity.js';
import { connectLocal, LocalTopics, type LocalSession } from '../../src/rpc/local.js';
import { Registry } from '../../src/rpc/registry.js';
import { openEmbeddedStore } from '../../src/store/embedded/open.js';
import type { Delivery } from '../../src/store/feeds.js';
import type { Store } from '../../src/store/store.js';
import { TableGroups } from '../../src/store/table-groups.js';

export interface Params {
  readonly [name: string]: unknown;
}

/** An event as a client saw it. */
export interface Seen {
  readonly method: string;
  readonly params: Params;
}

export interface RigOptions {
  readonly limits?: Readonly<Record<string, number>>;
  readonly users?: 'any' | 'known';
  readonly policy?: Policy;
  /** Nodes over the one store, each with lanes, forwarder and hub of its own; default 1. */
  readonly nodes?: number;
  /** Deliveries that never arrive, as on a lossy link. */
  readonly loses?: (delivery: Delivery) => boolean;
  /** Puts something between the chat and the store. */
  readonly wrap?: (store: Store) => Store;
}

/** Whoever asks for a figure that is not there would compare undefined with undefined. */
export function num(params: unknown, name: string): number {
  const value = typeof params === 'object' && params !== null
    ? Reflect.get(params, name) : undefined;
  if (typeof value !== 'number') throw new Error(`${name} is no number in ${String(params)}`);
  return value;
}

export function str(params: unknown, name: string): string {
  const value = typeof params === 'object' && params !== null
    ? Reflect.get(params, name) : undefined;
  if (typeof value !== 'string') throw new Error(`${name} is no text`);
  return value;
}

/** One client of the rig: what it calls, and what it saw. */
export class RigClient {
  readonly seen: Seen[] = [];
  readonly session: LocalSession;
  #wake: (() => void)[] = [];

  constructor(dispatcher: Dispatcher, clock: ManualClock, topics: LocalTopics, identity: Identity) {
    this.session = connectLocal(dispatcher, {
      clock, identity, onFrame: (frame) => this.#take(frame),
    }, topics);
  }

  #take(frame: string): void {
    this.seen.push(JSON.parse(frame));
    const waiting = this.#wake;
    this.#wake = [];
    for (const run of waiting) run();
  }

  call(method: string, params: unknown = {}): Promise<unknown> {
    return this.session.call(method, params);
  }

  /** The code and reason of the error that a call is answered with. */
  async refusal(method: string, params: unknown): Promise<{ code: number; reason: string }> {
    try {
      await this.call(method, params);
    } catch (error) {
      if (error instanceof Error && 'code' in error && 'data' in error) {
        return { code: num(error, 'code'), reason: str(error.data, 'reason') };
      }
      throw error;
    }
    throw new Error(`${method} was not refused`);
  }

  of(method: string): Seen[] {
    return this.seen.filter((event) => event.method === method);
  }

  /** Waits for the condition: it is looked at after each frame. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async untilCount(method: string, count: number): Promise<Seen[]> {
    await this.until(() => this.of(method).length >= count);
    return this.of(method);
  }
}

/** The whole chat in one process, over the store in memory and without sockets. */
export interface Rig {
  readonly chat: Chat;
  readonly core: Core;
  readonly clock: ManualClock;
  readonly registry: Registry<Chat>;
  /** @param node which of the nodes; 0 is the first */
  connect(user: string, more?: Partial<Identity>, node?: number): Promise<RigClient>;
  /** Marks what idle users have unread, as the server does each minute. */
  lookForIdle(): Promise<void>;
  /** Goes on with broadcasts that stand still, as each node does. */
  sweepBroadcasts(node?: number): Promise<void>;
  /** Resolves when nothing is being forwarded any more. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

const identityOf = (user: string, more: Partial<Identity>): Identity => ({
  user, tenant: 'default', role: 'user', groups: [], issuedAt: 0, expiresAt: Infinity,
  kind: 'dev', ...more,
});

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const clock = new ManualClock();
  const limits = limitsWith({
    callsPerSecond: 0, maxInFlightCalls: 0, maxEventLoopLagMs: 0, ...options.limits,
  });
  const log = createLogger({ format: 'silent' });
  const metrics = new Metrics(false);
  const cores: Core[] = [];
  const opened = await openEmbeddedStore({
    limits, clock, ids: randomId, log,
    onDelivery: (all) => {
      const deliveries = all.filter((delivery) => options.loses?.(delivery) !== true);
      for (const core of cores) core.deliver(deliveries);
    },
  });
  const store = options.wrap?.(opened) ?? opened;
  const topics = new LocalTopics();
  const directory = new LocalDirectory({
    users: {
      many: async (users) => store.users.many(users),
      tokenRevoked: (user, tokenId) => store.users.tokenRevoked(tenantOf(user), tokenId),
      seen: () => Promise.resolve(),
    },
    clock, graceMs: limits.presenceGraceMs, maxConnectionsPerUser: 0,
    changed: (user, presence) => watches.changed(user, presence), failed: () => undefined,
  });
  const bus = new LocalBus({
    signal: (signal) => cores.forEach((core) => core.busHandler.signal(signal)),
    room: (event) => cores.forEach((core) => core.busHandler.room(event)),
    gap: () => cores.forEach((core) => core.busHandler.gap()),
  });
  const membership = new LocalMembership({
    node: 'one', startedAt: clock.now(), url: () => 'local',
    shard: () => ({ shard: 'memory', reachable: true, durability: 'memory' }),
  });
  const parts: ChatParts = {
    name: 'ringpost', version: '0.0.0', limits, clock, log, metrics, ids: randomId, store,
    directory, bus, membership, topics, users: options.users ?? 'any',
    verify: () => { throw unauthenticated('invalid'); },
  };
  const watches: PresenceWatches = new PresenceWatches({
    directory, clock, maxPerSession: limits.maxPresenceSubscriptions, failed: () => undefined,
  });
  const registry = new Registry<Chat>();
  registerMethods(registry);
  const nodes = await Promise.all(Array.from({ length: options.nodes ?? 1 }, async () => {
    const core = createCore(parts, options.policy ?? openPolicy);
    cores.push(core);
    const readUp = new ReadUp({
      policy: core.access.policy, store, forwarder: core.forwarder, directory, hub: core.hub,
      clock, log,
    });
    const people = new ChatPeople({
      users: store.users, directory, hub: core.hub, clock, log,
      endWatches: (session) => watches.end(session),
      remembersRoles: core.access.policy.remembersRoles ?? false,
      left: (user, how) => readUp.left(user, how),
    });
    await people.start();
    const groups = new TableGroups(store.tables, randomId);
    const { lanes } = core;
    const mailing = new Mailing({ groups, users: store.users, lanes, clock, log });
    const chat: Chat = { ...parts, ...core, people, presences: watches, groups, mailing };
    const dispatcher = createDispatcher<Chat>({
      registry, app: chat, limits, clock, log, metrics: new Metrics(false), mapError,
      interceptors: [
        accessInterceptor(core.access, new Set(['rpc.discover', 'server.info'])),
        readUp.interceptor,
      ],
    });
    return { core, people, chat, dispatcher, readUp, mailing };
  }));
  const at = (index: number) => {
    const node = nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  };
  const drain = async () => {
    for (const { core } of nodes) await core.forwarder.drain();
  };
  return {
    chat: at(0).chat, core: at(0).core, clock, registry,
    async connect(user, more = {}, node = 0) {
      const { dispatcher, people } = at(node);
      const identity = identityOf(user, more);
      const client = new RigClient(dispatcher, clock, topics, identity);
      await people.signIn(client.session, identity);
      return client;
    },
    lookForIdle: () => at(0).readUp.look(),
    sweepBroadcasts: (node = 0) => at(node).mailing.sweep(),
    quiet: drain,
    async close() {
      await drain();
      for (const { people } of nodes) people.stop();
      await opened.close();
    },
  };
}
