import type { Clock } from './base/clock.js';
import type { IdSource } from './base/ids.js';
import type { Limits } from './base/limits.js';
import type { Logger } from './base/log.js';
import type { Metrics } from './base/metrics.js';
import type { MembershipHandler } from './cluster/membership.js';
import type { Backend, OpenBackend } from './backend.js';
import { accessInterceptor } from './chat/access/access.js';
import { openPolicy } from './chat/access/policy.js';
import type { Chat, ChatParts } from './chat/chat.js';
import { createCore, type Core } from './chat/core.js';
import { Mailing } from './chat/mailing.js';
import { mapError } from './chat/map-error.js';
import { ChatPeople } from './chat/people.js';
import { PresenceWatches } from './chat/presence.js';
import { ReadUp } from './chat/read-up.js';
import { streamOpener } from './chat/stream.js';
import type { ServerOptions } from './options.js';
import { createDispatcher } from './rpc/dispatch.js';
import type { Dispatcher } from './rpc/dispatcher.js';
import type { SessionHost } from './rpc/host.js';
import type { TokenVerifier } from './rpc/identity.js';
import type { Interceptor } from './rpc/method.js';
import type { PageHandler } from './rpc/pages.js';
import type { Registry } from './rpc/registry.js';
import { createRpcServer, type RpcServer } from './rpc/rpc-server.js';
import { TableGroups } from './store/table-groups.js';
import { StreamRelays } from './stream-relay.js';
import { packageInfo } from './version.js';

/** What the parts have in common. */
export interface Base {
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly node: string;
  readonly url: () => string;
  readonly verify: TokenVerifier;
  readonly openBackend: OpenBackend;
  readonly registry: Registry<Chat>;
  readonly interceptors: readonly Interceptor<Chat>[];
  readonly pages: Readonly<Record<string, PageHandler>>;
  /** What the node itself does where it lost a shard, or its id. */
  readonly membership: { fenced: MembershipHandler['fenced']; superseded: () => void };
}

/** Everything put together, and not yet listening. */
export interface Assembly {
  readonly backend: Backend;
  readonly chat: Chat;
  readonly core: Core;
  readonly people: ChatPeople;
  readonly readUp: ReadUp;
  readonly mailing: Mailing;
  readonly dispatcher: Dispatcher;
  readonly rpc: RpcServer;
}

/** Parts that the backend calls, which is made before them. */
interface Late {
  core?: Core;
  watches?: PresenceWatches;
  people?: ChatPeople;
  rpc?: RpcServer;
  relays?: StreamRelays;
}

/** Puts a server together. Stores and buses are made before what they call: bound late. */
export async function assemble(base: Base, options: ServerOptions): Promise<Assembly> {
  const { limits, clock, ids, log, metrics } = base;
  const late: Late = {};
  const backend = await base.openBackend({
    limits, clock, ids, log, metrics, node: base.node, url: base.url,
    handlers: {
      delivery: (deliveries) => late.core?.deliver(deliveries),
      presence: (user, presence) => late.watches?.changed(user, presence),
      bus: {
        signal: (signal) => {
          if (late.relays?.signal(signal) !== true) late.core?.busHandler.signal(signal);
        },
        room: (event) => {
          if (late.relays?.room(event) !== true) late.core?.busHandler.room(event);
        },
        gap: () => late.core?.busHandler.gap(),
      },
      membership: base.membership,
      refused: (user, session, why) => late.people?.refused(user, session, why),
      returned: (shard) => {
        log.info({ shard }, 'a shard is back: what is open there is driven');
        late.core?.forwarder.sweep(0).catch((error: unknown) =>
          log.warn({ err: error, shard }, 'what is open on a shard could not be driven'));
      },
    },
  });
  const { store, directory, bus, membership } = backend;
  const parts: ChatParts = {
    ...packageInfo, limits, clock, ids, log, metrics, store, directory, bus, membership,
    topics: { publish: (...event) => late.rpc?.topics.publish(...event) },
    verify: base.verify,
    users: options.users ?? 'any',
  };
  const core = createCore(parts, options.policy ?? openPolicy);
  late.core = core;
  const watches: PresenceWatches = new PresenceWatches({
    directory, clock, maxPerSession: limits.maxPresenceSubscriptions,
    failed: (error) => log.warn({ err: error }, 'a watch of presence could not be ended'),
  });
  late.watches = watches;
  const { readUp, groups, mailing } = besideOf(parts, core);
  const people = new ChatPeople({
    users: store.users, directory, hub: core.hub, clock, log,
    endWatches: (session) => watches.end(session),
    remembersRoles: core.access.policy.remembersRoles ?? false,
    left: (user, how) => readUp.left(user, how),
  });
  late.people = people;
  const chat: Chat = { ...parts, ...core, people, presences: watches, groups, mailing };
  const dispatcher = createDispatcher<Chat>({
    registry: base.registry, app: chat, limits, clock, log, metrics, ids, mapError,
    interceptors: [
      accessInterceptor(core.access, openNames(base.registry)), readUp.interceptor,
      ...base.interceptors,
    ],
  });
  const relays = relaysOf(base, backend, late);
  late.relays = relays;
  const rpc = createRpcServer({
    ...transportOptions(options), dispatcher, relay: relays.pass, host: hostOf(people, core, chat),
    verify: base.verify, limits, clock, log, metrics, ids, pages: base.pages,
  });
  late.rpc = rpc;
  figures(metrics, chat, dispatcher, watches);
  return { backend, chat, core, people, readUp, mailing, dispatcher, rpc };
}

const relaysOf = (base: Base, { bus, membership }: Backend, late: Late): StreamRelays =>
  new StreamRelays({
    bus, membership, clock: base.clock, ids: base.ids, deadlineMs: base.limits.deadlineMs,
    run: (calls, reply) => late.rpc?.runOnStream(calls, reply) ?? false,
    failed: (error) => base.log.warn({ err: error }, 'an answer could not be passed on'),
  });

/** What goes on beside the calls: marking as read, and writing to groups. */
function besideOf(parts: ChatParts, core: Core) {
  const { store, directory, ids, clock, log } = parts;
  const { lanes, forwarder, hub, access: { policy } } = core;
  const groups = new TableGroups(store.tables, ids);
  return {
    groups,
    readUp: new ReadUp({ policy, store, forwarder, directory, hub, clock, log }),
    mailing: new Mailing({ groups, users: store.users, lanes, clock, log }),
  };
}

const openNames = (registry: Registry<Chat>): Set<string> => new Set(
  [...registry.methods].map(({ method }) => method)
    .filter((method) => method.access === 'none').map((method) => method.name));

const hostOf = (people: ChatPeople, core: Core, chat: Chat): SessionHost => ({
  admit: (identity) => people.admit(identity),
  signIn: (session, identity) => people.signIn(session, identity),
  streamOpened: streamOpener(core.hub, chat),
});

function transportOptions(options: ServerOptions) {
  const { path, origins, trustedProxies, tls, dev } = options;
  return {
    ...(path !== undefined && { path }),
    ...(origins !== undefined && { origins }),
    ...(trustedProxies !== undefined && { trustedProxies }),
    ...(tls !== undefined && { tls }),
    ...(dev !== undefined && { dev }),
  };
}

function figures(
  metrics: Metrics, chat: Chat, dispatcher: Dispatcher, watches: PresenceWatches,
): void {
  const { hub, store } = chat;
  metrics.gauge('sessions_signed_in', 'Sessions with an identity', () => hub.connections);
  metrics.gauge('users_here', 'Users with a session on this node', () => hub.users);
  metrics.gauge('presence_watches', 'Users watched, over all sessions', () => watches.size);
  metrics.gauge('store_writable', '1 while the store takes writes',
    () => (store.health().writable ? 1 : 0));
  metrics.gauge('calls_open', 'Calls that run or wait', () => dispatcher.inFlight);
}
