import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../base/clock.js';
import type { IdSource } from '../../base/ids.js';
import type { Logger } from '../../base/log.js';
import { observe, type LeaseRules, type LeaseWatch } from '../leases.js';
import type { Membership, MembershipHandler, NodeInfo, ShardInfo } from '../membership.js';
import type { ShardChannel } from './channel.js';
import { join, ShardMismatch, type Joined, type Self } from './joining.js';
import type { ShardLink } from './link.js';
import { hashOf, listOf, numberOf } from './replies.js';
import { scripts } from './scripts.js';
import type { RedisShards } from './shards.js';

/** Times of the leases, in milliseconds. */
export const leaseTimes = { heartbeatMs: 2000, deadAfterMs: 6000, maxPauseMs: 5000 };

const sweepBatch = 200;

const infoSchema = Type.Object({
  boot: Type.Integer(), url: Type.String(), draining: Type.Boolean(),
  connections: Type.Integer(), users: Type.Integer(), startedAt: Type.Number(),
});
const infoChecker = Compile(infoSchema);

export interface RedisMembershipOptions {
  readonly self: Self;
  /** Where clients reach this node. */
  readonly url: () => string;
  readonly shards: RedisShards;
  readonly channels: ReadonlyMap<string, ShardChannel>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly graceMs: number;
  readonly handler: MembershipHandler;
  /** A shard can be used, again or for the first time: tell it what this node holds. */
  readonly returned: (shard: string, joined: Joined) => Promise<void>;
  /** This node was declared dead on a shard: what it held there is gone. */
  readonly fenced: (shard: string) => void;
}

/** What this node knows of one shard, beside its connection. */
interface Place {
  readonly link: ShardLink;
  joining: boolean;
  watch: LeaseWatch | undefined;
  infos: ReadonlyMap<string, string>;
  roundTripMs: number | undefined;
  durability: string;
  sweeping: boolean;
  /** When a heartbeat was last begun, so that only one chain of them runs. */
  stopBeat: () => void;
}

/**
 * This node's leases, one a shard, and its eye on those of the others. Judgement is in leases.ts;
 * every decision is a compare-and-set on the shard.
 */
export class RedisMembership implements Membership {
  readonly node: string;
  readonly #options: RedisMembershipOptions;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #rules: LeaseRules;
  readonly #startedAt: number;
  #figures = { connections: 0, users: 0, draining: false };
  #stopped = false;

  constructor(options: RedisMembershipOptions) {
    this.node = options.self.node;
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#rules = { ...leaseTimes, graceMs: options.graceMs };
    this.#places = new Map([...options.shards.links.values()].map((link) => [link.name, {
      link, joining: false, watch: undefined, infos: new Map(), roundTripMs: undefined,
      durability: 'unknown', sweeping: false, stopBeat: () => undefined,
    }]));
  }

  /** Joins a shard whose connection is ready, until it is up or away. */
  async join(shard: string): Promise<void> {
    const place = this.#place(shard);
    const { link } = place;
    if (place.joining || this.#stopped) return;
    place.joining = true;
    try {
      while (link.state === 'joining' && link.connected && !this.#stopped) {
        if (await this.#tryJoin(place)) return;
        await new Promise<void>((resolve) => { this.#options.clock.after(200, resolve); });
      }
    } finally {
      place.joining = false;
      // The connection may have been lost and come back while the flag was up.
      if (link.state === 'joining' && link.connected && !this.#stopped) void this.join(shard);
    }
  }

  /** A shard is away: what was seen of its leases proves nothing any more. */
  away(shard: string, reason: string): void {
    const place = this.#place(shard);
    place.stopBeat();
    place.watch = undefined;
    place.roundTripMs = undefined;
    this.#options.log.warn({ shard, reason }, 'shard away');
  }

  nodes(): Promise<NodeInfo[]> {
    const found = new Map<string, NodeInfo>();
    for (const { watch, infos } of this.#places.values()) {
      for (const node of watch?.nodes.keys() ?? []) {
        const value: unknown = JSON.parse(infos.get(node) ?? 'null');
        // Without a URL it does not listen yet.
        if (!infoChecker.Check(value) || value.url === '') continue;
        const { boot, ...rest } = value;
        const id = node.slice(0, node.lastIndexOf('@'));
        if ((found.get(id)?.incarnation ?? -1) > boot) continue;
        found.set(id, { node: id, incarnation: boot, ...rest });
      }
    }
    found.set(this.node, this.#info());
    return Promise.resolve([...found.values()].sort((a, b) => (a.node < b.node ? -1 : 1)));
  }

  shards(): Promise<ShardInfo[]> {
    return Promise.resolve([...this.#places.values()].map(({ link, roundTripMs, durability }) => ({
      shard: link.name, reachable: link.state === 'up', durability,
      ...(roundTripMs !== undefined && { roundTripMs }),
    })));
  }

  report(figures: { connections: number; users: number; draining: boolean }): void {
    const drains = figures.draining && !this.#figures.draining;
    this.#figures = { ...figures };
    // Clients are sent elsewhere from now on: the others must not wait for the next heartbeat.
    if (drains) for (const place of this.#places.values()) this.#beatNow(place);
  }

  /** Leaves every shard that can be reached, and stops. */
  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#places.values()].map(async (place) => {
      place.stopBeat();
      const { link } = place;
      if (link.state === 'up') await link.run(scripts.resign, [link.fence]).catch(() => undefined);
    }));
  }

  async #tryJoin(place: Place): Promise<boolean> {
    const { link } = place;
    const { shards, channels, self, clock, ids, log } = this.#options;
    const channel = channels.get(link.name);
    if (channel === undefined) throw new RangeError(`no channel for ${link.name}`);
    let joined: Joined;
    try {
      const witnesses = [...place.watch?.nodes.keys() ?? []];
      joined = await join({ link, channel, shards, self, clock, ids, witnesses });
    } catch (error) {
      if (error instanceof ShardMismatch) log.error({ err: error }, 'shard refused');
      else log.debug({ err: error, shard: link.name }, 'shard not joined yet');
      return false;
    }
    if (joined.as === 'superseded') {
      this.#stopped = true;
      log.error({ shard: link.name }, 'another process has taken this node id');
      this.#options.handler.superseded();
      return true;
    }
    // It may have gone again meanwhile.
    if (!link.connected) return false;
    place.durability = joined.durability;
    link.state = 'up';
    if (joined.lost) log.warn({ shard: link.name }, 'shard lost acknowledged writes: new epochs');
    if (joined.as === 'fenced') {
      log.warn({ shard: link.name }, 'fenced: this node had been declared dead');
      this.#options.fenced(link.name);
      const { shards } = this.#options;
      this.#options.handler.fenced(link.name, (user) => shards.shardOf(user) === link.name);
    }
    log.info({ shard: link.name, as: joined.as, durability: joined.durability }, 'shard up');
    this.#beatNow(place);
    await this.#options.returned(link.name, joined).catch((error: unknown) => {
      // Away again, or fenced again: the next return does it anew.
      log.warn({ err: error, shard: link.name }, 'shard could not be told all');
    });
    return true;
  }

  #beatNow(place: Place): void {
    place.stopBeat();
    void this.#beat(place);
  }

  async #beat(place: Place): Promise<void> {
    const { link } = place;
    const { clock, channels } = this.#options;
    if (this.#stopped || link.state !== 'up') return;
    place.stopBeat = clock.after(leaseTimes.heartbeatMs, () => void this.#beat(place));
    const startedMs = clock.monotonic();
    try {
      channels.get(link.name)?.beat();
      const [nodes, beats, infos, graves] = listOf(
        await link.run(scripts.beat, [link.fence, JSON.stringify(this.#told())]));
      const atMs = clock.monotonic();
      place.roundTripMs = atMs - startedMs;
      place.infos = hashOf(infos);
      await this.#observe(place, atMs, hashOf(nodes), hashOf(beats), hashOf(graves));
    } catch (error) {
      // A look that failed proves nothing about the others.
      place.watch = undefined;
      this.#options.log.debug({ err: error, shard: link.name }, 'no heartbeat');
    }
  }

  async #observe(
    place: Place, atMs: number, incarnations: ReadonlyMap<string, string>,
    beats: ReadonlyMap<string, string>, graves: ReadonlyMap<string, string>,
  ): Promise<void> {
    const { link } = place;
    const nodes = new Map([...incarnations].map(([node, incarnation]) =>
      [node, { incarnation, beat: beats.get(node) ?? '' }]));
    const verdict = observe(place.watch, { atMs, nodes, graves }, link.node, this.#rules);
    place.watch = verdict.watch;
    const gone = new Set<string>();
    const buried: { grave: string; agoMs: number }[] = [];
    for (const { node, incarnation, beat } of verdict.dead) {
      const done = await link.run(scripts.dead, [link.fence, node, incarnation, beat]);
      if (numberOf(done) !== 1) continue;
      this.#options.log.warn({ shard: link.name, node, incarnation }, 'node declared dead');
      gone.add(node);
      const agoMs = this.#rules.deadAfterMs;
      if (agoMs >= this.#rules.graceMs) buried.push({ grave: `${node} ${incarnation}`, agoMs });
    }
    if (gone.size > 0) {
      const left = [...verdict.watch.nodes].filter(([node]) => !gone.has(node));
      place.watch = { ...verdict.watch, nodes: new Map(left) };
    }
    void this.#sweep(place, [...verdict.sweep, ...buried]);
  }

  /** Removes what dead incarnations left and announces their users; any number of nodes may. */
  async #sweep(
    place: Place, graves: readonly { grave: string; agoMs: number }[],
  ): Promise<void> {
    if (place.sweeping) return;
    place.sweeping = true;
    const { link } = place;
    try {
      for (const { grave, agoMs } of graves) {
        const at = Math.round(this.#options.clock.now() - agoMs);
        let left: number;
        do {
          left = numberOf(
            await link.run(scripts.sweep, [link.fence, grave, at, sweepBatch]));
        } while (left > 0 && !this.#stopped);
      }
    } catch (error) {
      this.#options.log.debug({ err: error, shard: link.name }, 'sweep to be gone on with');
    } finally {
      place.sweeping = false;
    }
  }

  /** What the others read of this node. */
  #told(): Static<typeof infoSchema> {
    const { self, url } = this.#options;
    return { boot: self.boot, url: url(), startedAt: this.#startedAt, ...this.#figures };
  }

  #info(): NodeInfo {
    const { boot, ...rest } = this.#told();
    return { node: this.node, incarnation: boot, ...rest };
  }

  #place(shard: string): Place {
    const place = this.#places.get(shard);
    if (place === undefined) throw new RangeError(`no shard ${shard}`);
    return place;
  }
}
