import type { Clock } from '../../base/clock.js';
import type { UserKey } from '../../base/ids.js';
import { tenantOf } from '../../base/ids.js';
import type {
  ConnectRefusal, ConnectRequest, Departure, Directory, Presence, PresenceHandler,
} from '../directory.js';
import { tokenKey } from '../keys.js';
import type { Reply } from '../shard-port.js';
import { WatchBook } from '../watches.js';
import { ItemLane, type LaneItem } from './lane.js';
import { listOf, numberOf, textOf } from './replies.js';
import { scripts } from './scripts.js';
import type { RedisShards } from './shards.js';

export interface RedisDirectoryOptions {
  readonly shards: RedisShards;
  readonly clock: Clock;
  readonly graceMs: number;
  /** 0 for none. */
  readonly maxConnectionsPerUser: number;
  readonly changed: PresenceHandler;
  /** A session of this node that its shard, on return, refused to take back: close it. */
  readonly refused: (user: UserKey, session: string, why: ConnectRefusal) => void;
}

const refusals = ['blocked', 'inactive', 'revoked', 'tooMany'] as const;
const refusalOf = (reply: Reply): ConnectRefusal | undefined => {
  const text = textOf(reply);
  return refusals.find((refusal) => refusal === text);
};

/**
 * The directory over the shards: a user's connections stand in one hash on the shard that owns
 * the user, and every step on them is one script there (place.lua). What this node holds is kept
 * here too, so that a shard that was away is told anew.
 */
export class RedisDirectory implements Directory {
  readonly #options: RedisDirectoryOptions;
  readonly #place: ItemLane;
  readonly #watch: ItemLane;
  readonly #query: ItemLane;
  readonly #watches = new WatchBook();
  /** Sessions of this node, registered. */
  readonly #here = new Map<UserKey, Map<string, ConnectRequest>>();
  /** Graces that this node began: token → how to end it early, and whose. */
  readonly #graces = new Map<string, { user: UserKey; due: boolean; cancel: () => void }>();
  /** Registrations under way, so that taking back never overtakes. */
  readonly #entering = new Map<string, { user: UserKey; settled: Promise<unknown> }>();
  #made = 0;

  constructor(options: RedisDirectoryOptions) {
    this.#options = options;
    const { shards, maxConnectionsPerUser } = options;
    const lane = (script: keyof typeof scripts, fenced: boolean, head: string[] = []) =>
      new ItemLane({ shards, script: scripts[script], fenced, head });
    this.#place = lane('place', true, [String(maxConnectionsPerUser)]);
    this.#watch = lane('watch', true);
    this.#query = lane('query', false);
  }

  async connect(request: ConnectRequest): Promise<ConnectRefusal | undefined> {
    const { user, session, tokenId } = request;
    const entering = Promise.all([
      this.#place.submit(placeItem('c', user, session, String(request.issuedAt))),
      tokenId === undefined ? false : this.#tokenRevoked(user, tokenId),
    ]);
    const under = { user, settled: entering.catch(() => undefined) };
    this.#entering.set(session, under);
    try {
      const [reply, revoked] = await entering;
      const refusal = refusalOf(reply);
      if (refusal !== undefined) return refusal;
      this.#note(request);
      if (!revoked) return undefined;
    } finally {
      if (this.#entering.get(session) === under) this.#entering.delete(session);
    }
    // Registered before the token's own shard had answered: nobody is left a ghost.
    await this.disconnect(user, session, 'logout');
    return 'revoked';
  }

  async disconnect(user: UserKey, session: string, how: Departure): Promise<void> {
    await this.#entering.get(session)?.settled;
    const sessions = this.#here.get(user);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#here.delete(user);
    const atOnce = how === 'logout' || this.#options.graceMs === 0;
    const token = this.#token(user);
    // Begun whatever the answer: a grace that the shard began unanswered ends too.
    const end = atOnce ? undefined : this.#startGrace(user, token);
    const reply = await this.#place.submit(placeItem(atOnce ? 'l' : 'd', user, session, token));
    if (textOf(reply) !== 'grace') end?.();
  }

  async query(users: readonly UserKey[]): Promise<Presence[]> {
    return (await this.#query.all(users.map((key) => ({ key })))).map(presenceOf);
  }

  async watch(users: readonly UserKey[]): Promise<Presence[]> {
    this.#watches.add(users);
    try {
      const states = (await this.#watch.all(users.map(watchItem('+')))).map(presenceOf);
      users.forEach((user, i) => {
        const state = states[i];
        if (state !== undefined) this.#watches.read(user, state);
      });
      return states;
    } catch (error) {
      // Not waited for: a shard that is away learns of it when it is told anew.
      this.unwatch(users).catch(() => undefined);
      throw error;
    }
  }

  async unwatch(users: readonly UserKey[]): Promise<void> {
    await this.#watch.all(this.#watches.remove(users).map(watchItem('-')));
  }

  /** Takes a publication of kind `P`: a list of [user, online, devices, lastSeen]. */
  published(changes: readonly (readonly [UserKey, Presence])[]): void {
    for (const [user, presence] of changes) this.#learn(user, presence);
  }

  /** Publications of a shard may have been missed: the states are read again. */
  async reread(shard: string): Promise<void> {
    const users = [...this.#watches.users()].filter((user) => this.#at(user, shard));
    const states = await this.#watch.all(users.map(watchItem('+')));
    users.forEach((user, i) => this.#learn(user, presenceOf(states[i] ?? null)));
  }

  /** This node was declared dead on a shard: what it held there is swept by the others. */
  forget(shard: string): void {
    for (const user of [...this.#here.keys()]) {
      if (this.#at(user, shard)) this.#here.delete(user);
    }
  }

  /**
   * A shard came back, or slots moved: tells it what this node holds there, ends what it does not
   * hold, and reads again what it watches.
   */
  async reassert(shard: string): Promise<void> {
    for (const sessions of [...this.#here.values()]) {
      for (const request of [...sessions.values()]) {
        if (this.#at(request.user, shard)) await this.#assertOne(request);
      }
    }
    const held = await this.#held(shard);
    await Promise.all([...held].map((user) => this.#prune(user)));
    for (const [token, grace] of this.#graces) {
      if (grace.due && this.#at(grace.user, shard)) await this.#endGrace(token);
    }
    await this.reread(shard);
  }

  /** How many users this node holds connections of. */
  get users(): number {
    return this.#here.size;
  }

  close(): void {
    for (const grace of this.#graces.values()) grace.cancel();
    this.#graces.clear();
  }

  #at(user: UserKey, shard: string): boolean {
    return this.#options.shards.shardOf(user) === shard;
  }

  #note(request: ConnectRequest): void {
    let sessions = this.#here.get(request.user);
    if (sessions === undefined) this.#here.set(request.user, sessions = new Map());
    sessions.set(request.session, request);
  }

  async #assertOne(request: ConnectRequest): Promise<void> {
    const { user, session, issuedAt } = request;
    const refusal = refusalOf(
      await this.#place.submit(placeItem('c', user, session, String(issuedAt))));
    if (refusal !== undefined) this.#options.refused(user, session, refusal);
  }

  /** Says which sessions are here: what was taken back while the shard was away goes now. */
  async #prune(user: UserKey): Promise<void> {
    const token = this.#token(user);
    // One that is entering has its place already, or takes it before this is looked at there.
    const entering = [...this.#entering].filter(([, under]) => under.user === user);
    const kept = [...this.#here.get(user)?.keys() ?? [], ...entering.map(([session]) => session)];
    const end = this.#startGrace(user, token);
    const reply = await this.#place.submit(placeItem('p', user, '', [token, ...kept].join(' ')));
    if (textOf(reply) !== 'grace') end();
  }

  async #held(shard: string): Promise<Set<UserKey>> {
    const { shards } = this.#options;
    const users = new Set<UserKey>();
    let cursor = '0';
    do {
      const [next, members] = listOf(
        await shards.run(shard, scripts.held, [shards.fence(shard), cursor]));
      cursor = textOf(next);
      for (const member of listOf(members)) {
        const text = textOf(member);
        users.add(asUser(text.slice(text.indexOf(':') + 1)));
      }
    } while (cursor !== '0');
    return users;
  }

  async #tokenRevoked(user: UserKey, tokenId: string): Promise<boolean> {
    const { shards } = this.#options;
    const token = `${tenantOf(user)}\0${tokenId}`;
    const slot = shards.slotOf(token);
    return numberOf(await shards.call(
      shards.owner(slot).shard, 'EXISTS', [tokenKey(slot, token)])) > 0;
  }

  /** See place.lua: names its owner, so that a sweeper ends it when this node dies. */
  #token(user: UserKey): string {
    const { shards, clock } = this.#options;
    this.#made += 1;
    const [node = '', incarnation = ''] = shards.fence(shards.shardOf(user)).split(' ');
    return `${clock.now()}|${node}|${incarnation}|${this.#made}`;
  }

  /** The grace runs by this node's monotonic clock: clocks that jump change nothing. */
  #startGrace(user: UserKey, token: string): () => void {
    const stop = this.#options.clock.after(this.#options.graceMs, () => {
      const grace = this.#graces.get(token);
      if (grace !== undefined) grace.due = true;
      this.#endGrace(token).catch(() => undefined);
    });
    const cancel = (): void => {
      stop();
      this.#graces.delete(token);
    };
    this.#graces.set(token, { user, due: false, cancel });
    return cancel;
  }

  /** Kept when the shard is away, for its return. */
  async #endGrace(token: string): Promise<void> {
    const grace = this.#graces.get(token);
    if (grace === undefined) return;
    await this.#place.submit(placeItem('x', grace.user, '', token));
    this.#graces.delete(token);
  }

  #learn(user: UserKey, presence: Presence): void {
    if (this.#watches.learn(user, presence)) this.#options.changed(user, presence);
  }
}

const placeItem = (op: string, user: UserKey, session: string, more: string): LaneItem =>
  ({ key: user, before: [op], after: [session, more] });

const watchItem = (op: string) => (user: UserKey): LaneItem => ({ key: user, before: [op] });

/** A key that a shard gives back as this node or another gave it. */
export const asUser = (text: string): UserKey => text as UserKey;

/** { online, devices, lastSeen ms } of watch.lua and query.lua. */
function presenceOf(reply: Reply): Presence {
  const [online, devices, seen] = listOf(reply).map(numberOf);
  return presence(online === 1, devices ?? 0, seen ?? 0);
}

export const presence = (online: boolean, devices: number, seen: number): Presence =>
  ({ online, devices, ...(!online && seen > 0 && { lastSeen: seen }) });
