import type { TObject, TSchema } from 'typebox';
import { loggedAlerts, type Alerts } from './base/alerts.js';
import { systemClock } from './base/clock.js';
import { defaultTenant, randomId, userKey, type UserKey } from './base/ids.js';
import { limitsWith, type Limits } from './base/limits.js';
import { createLogger } from './base/log.js';
import { Metrics } from './base/metrics.js';
import { assemble, type Assembly, type Base } from './assemble.js';
import { verifierOf } from './auth-options.js';
import { backendOf } from './backends.js';
import type { Chat } from './chat/chat.js';
import { registerMethods } from './chat/methods/index.js';
import { isLoopback, SettingsError } from './config.js';
import { planMoves, until, within } from './drain.js';
import { startHousekeeping } from './housekeeping.js';
import type { ServerOptions } from './options.js';
import { readinessOf } from './readiness.js';
import { closeCode } from './rpc/close.js';
import type { EventSpec, Interceptor, Method } from './rpc/method.js';
import { healthPage, metricsPage, readyPage } from './rpc/pages.js';
import { Registry } from './rpc/registry.js';
import { packageInfo } from './version.js';
import { webPages } from './web-pages.js';

/** A server: the chat's methods and the application's own, on one URL. */
export interface Server {
  /** Whole URL of the API; throws before {@link listen} has resolved. */
  readonly url: string;
  /** What handlers of the application's methods find as `call.app`. */
  readonly chat: Chat;
  /**
   * Adds a method of the application, before {@link listen}: it is validated, limited, counted
   * and documented (OpenRPC) like the server's own.
   * @throws RangeError for a name that is taken or reserved
   */
  method<P extends TObject, R extends TSchema>(method: Method<Chat, P, R>): Server;
  /** Documents an event of the application, which {@link publish} sends. */
  event<P extends TObject>(event: EventSpec<P>): Server;
  /** Runs around every call, the first added outermost; before {@link listen}. */
  interceptor(interceptor: Interceptor<Chat>): Server;
  /**
   * Opens the store, then listens.
   * @param port 8080 by default; 0 takes a free one
   * @param host `127.0.0.1` by default
   * @returns the whole URL
   * @throws Error when the address can't be had or the store can't be opened
   */
  listen(port?: number, host?: string): Promise<string>;
  /**
   * Sends an event of the application to the sessions of some users with an open feed, on every
   * node. It passes: it is stored nowhere, has no cursor, and reaches nobody who is away.
   * @param users ids within the tenant
   * @param params what JSON can say
   */
  publish(
    users: readonly string[], event: string, params: Readonly<Record<string, unknown>>,
    tenant?: string,
  ): Promise<void>;
  /**
   * Drains and ends: accepts nothing new, tells every session where to go and when, finishes the
   * calls in flight and the deliveries, closes the store. The same promise however often.
   */
  close(): Promise<void>;
  /**
   * Ends after a fault: takes nothing new, lets what was appended be forwarded, tells clients to
   * come back (1012). At most some 4 s; what is not through then is driven at the next start.
   */
  abandon(): Promise<void>;
}

/** How long calls in flight may take at the end. */
const finishMs = 10_000;
const abandonMs = 3_500;

/**
 * Makes a server: everything that `ringpost serve` is, for use inside of an application.
 * @throws SettingsError where nobody could sign in, RangeError for an unknown limit
 */
export function createServer(options: ServerOptions = {}): Server {
  return new RingpostServer(options);
}

/** The limits as clients are told of them: where the policy asks for less text, that counts. */
function limitsInForce({ limits = {}, policy }: ServerOptions): Limits {
  const all = limitsWith(limits);
  const { maxTextCodePoints: most } = policy ?? {};
  if (most === undefined || (all.maxTextCodePoints > 0 && all.maxTextCodePoints < most)) return all;
  return { ...all, maxTextCodePoints: most };
}

class RingpostServer implements Server {
  readonly #options: ServerOptions;
  readonly #registry: Registry<Chat>;
  readonly #interceptors: Interceptor<Chat>[] = [];
  readonly #base: Base;
  readonly #alerts: Alerts;
  #url: string | undefined;
  #assembly: Assembly | undefined;
  #stopHousekeeping = (): void => undefined;
  #draining = false;
  #ending: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#registry = new Registry<Chat>({ title: packageInfo.name, version: packageInfo.version });
    registerMethods(this.#registry);
    const { data = './data', clock = systemClock, ids = randomId } = options;
    const log = options.log ?? createLogger({ format: 'silent' });
    this.#alerts = options.alerts ?? loggedAlerts(log);
    const metrics = new Metrics();
    this.#base = {
      limits: limitsInForce(options), clock, ids, log, metrics,
      node: options.node ?? `node-${ids(6)}`,
      // A node joins before it listens: it names its URL at the first heartbeat after.
      url: () => options.publicUrl ?? this.#url ?? '',
      verify: verifierOf(options, clock, log),
      openBackend: options.backend ?? backendOf(data, options.redis ?? []),
      registry: this.#registry,
      interceptors: this.#interceptors,
      pages: {
        '/healthz': healthPage,
        '/readyz': readyPage(() => readinessOf(this.#running.backend, clock, this.#draining)),
        ...(options.metrics !== false && { '/metrics': metricsPage(metrics) }),
        ...(options.console !== false && webPages(options)),
        ...options.pages,
      },
      membership: {
        fenced: (shard, concerns) => this.#fenced(shard, concerns),
        superseded: () => this.#superseded(),
      },
    };
  }

  get url(): string {
    if (this.#url === undefined) throw new Error('the server does not listen yet');
    return this.#url;
  }

  get chat(): Chat {
    return this.#running.chat;
  }

  method<P extends TObject, R extends TSchema>(method: Method<Chat, P, R>): Server {
    this.#registry.method(method);
    return this;
  }

  event<P extends TObject>(event: EventSpec<P>): Server {
    this.#registry.event(event);
    return this;
  }

  interceptor(interceptor: Interceptor<Chat>): Server {
    this.#interceptors.push(interceptor);
    return this;
  }

  async listen(port = 8080, host = '127.0.0.1'): Promise<string> {
    if (this.#options.dev === true && !isLoopback(host)) {
      throw new SettingsError(`dev takes any word for a token: it refuses to listen on ${host}`);
    }
    const assembly = await assemble(this.#base, this.#options);
    this.#assembly = assembly;
    try {
      await assembly.people.start();
      const reusePort = this.#options.reusePort ?? false;
      this.#url = (await assembly.rpc.listen(host, port, { reusePort })).url;
    } catch (error) {
      assembly.people.stop();
      assembly.rpc.close();
      await assembly.backend.close();
      throw error;
    }
    this.#stopHousekeeping = startHousekeeping(
      assembly, this.#base, () => this.#draining, this.#alerts);
    return this.#url;
  }

  async publish(
    users: readonly string[], event: string, params: Readonly<Record<string, unknown>>,
    tenant = defaultTenant,
  ): Promise<void> {
    const { backend: { bus }, chat: { clock } } = this.#running;
    await bus.signal({
      users: users.map((user) => userKey(tenant, user)),
      method: event,
      params: JSON.stringify({ at: clock.now(), ...params }),
    });
  }

  close(): Promise<void> {
    return this.#ending ??= this.#close();
  }

  abandon(): Promise<void> {
    const orderly = this.#ending;
    this.#ending = this.#abandon();
    return orderly === undefined ? this.#ending : Promise.race([orderly, this.#ending]);
  }

  get #running(): Assembly {
    if (this.#assembly === undefined) throw new Error('the server does not listen yet');
    return this.#assembly;
  }

  async #close(): Promise<void> {
    const assembly = this.#assembly;
    if (assembly === undefined) return;
    const { backend, core, dispatcher, people, rpc, chat } = assembly;
    const { clock, limits, log } = this.#base;
    this.#draining = true;
    rpc.stopAccepting();
    const { hub } = chat;
    backend.membership.report({ connections: hub.connections, users: hub.users, draining: true });
    await this.#moveSessions(assembly, limits.drainMs);
    // Whoever moved calls the other node; what still comes here is told to.
    dispatcher.refuse('draining', 1_000);
    hub.endPolls();
    if (!await until(clock, finishMs, () => dispatcher.inFlight === 0)) {
      log.warn({ calls: dispatcher.inFlight }, 'calls were still running at the end');
    }
    this.#stopHousekeeping();
    await within(clock, finishMs, core.forwarder.drain());
    people.stop();
    rpc.close(closeCode.goingAway, 'draining');
    await until(clock, 1_000, () => hub.connections === 0);
    await backend.close();
  }

  /**
   * Tells each session its moment. With other nodes alive they move one after the other; without
   * there is nothing to wait for but the next start, over which they spread themselves.
   */
  async #moveSessions(assembly: Assembly, windowMs: number): Promise<void> {
    const { rpc, backend: { membership } } = assembly;
    const { clock } = this.#base;
    const nodes = await membership.nodes().catch(() => []);
    const others = nodes.filter(({ node, draining }) => node !== membership.node && !draining);
    const moves = planMoves([...rpc.sessions()], others, windowMs);
    for (const { session, reconnectTo, afterMs } of moves) {
      session.notify('server.draining', JSON.stringify({ at: clock.now(), reconnectTo, afterMs }));
      if (others.length === 0) continue;
      clock.after(afterMs + 500, () => session.close(closeCode.goingAway, 'draining'));
    }
    if (others.length === 0 || moves.length === 0) return;
    const gone = (): boolean => [...rpc.sessions()].length === 0;
    await until(clock, windowMs + 1_000, gone);
  }

  async #abandon(): Promise<void> {
    const assembly = this.#assembly;
    if (assembly === undefined) return;
    const { backend, core, dispatcher, people, rpc } = assembly;
    const { clock, limits } = this.#base;
    this.#draining = true;
    dispatcher.refuse('restarting', 1_000);
    rpc.stopAccepting();
    this.#stopHousekeeping();
    const [sessions, at] = [[...rpc.sessions()], clock.now()];
    for (const { session, afterMs } of planMoves(sessions, [], limits.drainMs)) {
      session.notify('server.draining', JSON.stringify({ at, afterMs }));
    }
    await within(clock, abandonMs, core.forwarder.drain());
    people.stop();
    rpc.close(closeCode.restart, 'fault');
    await within(clock, 500, backend.close());
  }

  /** Declared dead on a shard: its users' sessions come back and register anew (G7). */
  #fenced(shard: string, concerns: (user: UserKey) => boolean): void {
    const { log } = this.#base;
    this.#alerts.send({
      kind: 'fenced', subject: this.#base.node,
      message: `node ${this.#base.node} was declared dead on shard ${shard}: `
        + 'the sessions of its users are closed, to register anew',
    });
    log.warn({ shard }, 'declared dead: the sessions of its users must come back');
    for (const [session, user] of this.#assembly?.chat.hub.sessions() ?? []) {
      if (concerns(user)) session.close(closeCode.restart, 'fenced');
    }
  }

  #superseded(): void {
    const { log, node } = this.#base;
    log.fatal({ node }, 'another process runs under the id of this node');
    this.#alerts.send({
      kind: 'superseded', subject: node,
      message: `another process runs as node ${node}; this one stops: give each its own --node`,
    });
    this.#options.superseded?.();
  }
}
