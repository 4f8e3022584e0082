import type { Clock } from '../base/clock.js';
import { type RoomKey, type UserKey } from '../base/ids.js';
import type { Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import type { Bus } from '../cluster/bus.js';
import type { LogEntry, RoomHead } from '../store/entry.js';
import type { ForwardItem } from '../store/feeds.js';
import type { RoomStore } from '../store/rooms.js';
import type { Store } from '../store/store.js';
import { ForwardBatcher } from './batcher.js';
import type { Forwarder, News } from './chat.js';
import { catchUp } from './catch-up.js';
import { readItem, spread, stillOpen } from './forward-items.js';
import { membershipsOf } from './recipients.js';
import { RoomFlow } from './room-flow.js';
import { Settling } from './settling.js';

export interface ForwarderParts {
  readonly store: Store;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Readonly<Limits>;
}

/** Rooms whose progress is remembered, and marks of one look at the outbox. */
const maxFlows = 20_000;
const sweepPage = 256;
const readsPage = 200;
const firstBackOffMs = 250;
const maxBackOffMs = 10_000;
/** Well below the age at which the sweeper takes a mark for forgotten. */
const settleEveryMs = 500;
/** Waits for what another node wrote before, until it is looked up in the log. */
const otherNodeMs: readonly number[] = [2, 8, 20];

/** Whether the room stood outside the feeds before these entries, which reach up to its head. */
const outsideBefore = (head: RoomHead, entries: readonly LogEntry[]): boolean =>
  head.large && !entries.some(({ kind }) => kind === 'large' || kind === 'create');

/**
 * Forwards each room in order, one round at a time, many rooms side by side. A round that fails
 * leaves the outbox mark where it is, and the sweeper of any live node goes on from there.
 */
export class LogForwarder implements Forwarder {
  readonly #rooms: RoomStore;
  readonly #parts: ForwarderParts;
  readonly #batcher: ForwardBatcher;
  readonly #flows = new Map<RoomKey, RoomFlow>();
  readonly #settling = new Settling();
  readonly #running = new Set<Promise<void>>();
  readonly #unsettled = new Set<RoomFlow>();
  #settleTimer: (() => void) | undefined;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#rooms = parts.store.rooms;
    this.#batcher = new ForwardBatcher(parts.store.feeds, parts.clock);
  }

  appended(room: RoomKey, by: UserKey, news?: News): void {
    const flow = this.#flow(room);
    if (flow.take(by, news)) this.#settling.begin(by);
    void this.#kick(flow);
  }

  settled(by: UserKey): Promise<void> {
    return this.#settling.settled(by);
  }

  async sweep(ageMs: number): Promise<number> {
    let driven = 0;
    for (;;) {
      const pending = await this.#rooms.pending(ageMs, sweepPage);
      const nowMs = this.#parts.clock.monotonic();
      const flows = pending.map(({ room }) => this.#flow(room))
        .filter((flow) => !flow.running && flow.retryAtMs <= nowMs);
      await Promise.all(flows.map(async (flow) => {
        flow.forget();
        await this.#kick(flow);
        // At once: the next page is to show others.
        await this.#settle(flow);
      }));
      driven += flows.length;
      const helped = flows.some((flow) => flow.failures === 0 && flow.away.length === 0);
      if (pending.length < sweepPage || !helped) return driven;
    }
  }

  async drain(): Promise<void> {
    while (this.#running.size > 0 || this.#unsettled.size > 0) {
      await Promise.all(this.#running);
      await this.#settleAll();
    }
  }

  #flow(room: RoomKey): RoomFlow {
    let flow = this.#flows.get(room);
    if (flow === undefined) {
      flow = new RoomFlow(room);
      if (this.#flows.size >= maxFlows) this.#evict();
    } else {
      this.#flows.delete(room);
    }
    this.#flows.set(room, flow);
    return flow;
  }

  #evict(): void {
    for (const [room, flow] of this.#flows) {
      if (flow.running || flow.settling || this.#unsettled.has(flow)) continue;
      this.#flows.delete(room);
      return;
    }
  }

  #kick(flow: RoomFlow): Promise<void> {
    if (flow.running) return Promise.resolve();
    flow.running = true;
    const run = this.#drive(flow).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return run;
  }

  async #drive(flow: RoomFlow): Promise<void> {
    try {
      while (flow.hasWork) {
        const by = flow.takeBy();
        try {
          await this.#round(flow);
          this.#settleSoon(flow);
        } finally {
          for (const user of by) this.#settling.end(user);
        }
      }
      // What came while a round ran may have gone along with it: nothing is left to wait for.
      for (const user of flow.takeBy()) this.#settling.end(user);
      flow.failures = 0;
    } catch (error) {
      this.#failed(flow, error);
    } finally {
      flow.running = false;
    }
  }

  /**
   * A room is settled now and then, not after each round: that spares calls, and a mark that is
   * old by so much only means that more is driven again. A busy room too, or its mark would age.
   */
  #settleSoon(flow: RoomFlow): void {
    this.#unsettled.add(flow);
    if (this.#settleTimer !== undefined) return;
    this.#settleTimer = this.#parts.clock.after(settleEveryMs, () => void this.#settleAll());
  }

  async #settleAll(): Promise<void> {
    this.#settleTimer?.();
    this.#settleTimer = undefined;
    const flows = [...this.#unsettled];
    this.#unsettled.clear();
    const run = Promise.all(flows.map((flow) => this.#settle(flow))).then(() => undefined)
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
    await run;
  }

  #failed(flow: RoomFlow, error: unknown): void {
    for (const user of flow.takeBy()) this.#settling.end(user);
    flow.forget();
    flow.failures += 1;
    const backOffMs = Math.min(maxBackOffMs, firstBackOffMs * 2 ** (flow.failures - 1));
    flow.retryAtMs = this.#parts.clock.monotonic() + backOffMs;
    this.#parts.log.warn({ err: error, failures: flow.failures }, 'forwarding a room failed');
  }

  async #round(flow: RoomFlow): Promise<void> {
    if (!flow.known || flow.logDirty) await this.#load(flow);
    if (!flow.known) return;
    if (flow.entries.length > 0) await this.#forwardEntries(flow);
    if (flow.readsDirty) await this.#forwardReads(flow);
  }

  /** Reads from the store how far the room was forwarded, and what follows. */
  async #load(flow: RoomFlow): Promise<void> {
    flow.logDirty = false;
    const [forwarded, head] = await Promise.all([
      this.#rooms.forwarded(flow.room), this.#rooms.head(flow.room),
    ]);
    flow.known = head !== undefined;
    flow.entries = [];
    flow.members = undefined;
    if (head === undefined) {
      // Deleted, forwarded and purged: there is nothing left to tell (trap 12).
      flow.readsDirty = false;
      return;
    }
    const [entries] = head.seq > forwarded.seq
      ? await this.#rooms.ranges([{ room: flow.room, from: forwarded.seq + 1, to: head.seq }])
      : [];
    flow.epoch = head.epoch;
    flow.seq = forwarded.seq;
    flow.taken = forwarded.seq;
    flow.reads = forwarded.reads;
    if (head.reads > forwarded.reads) flow.readsDirty = true;
    flow.entries = [...entries ?? []];
    flow.large = outsideBefore(head, flow.entries);
  }

  async #forwardEntries(flow: RoomFlow): Promise<void> {
    const { room, entries } = flow;
    flow.entries = [];
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    flow.taken = last.seq;
    const asks = !flow.large || entries.some(({ kind }) => kind === 'purge');
    if (asks && flow.members === undefined) {
      flow.members = membershipsOf(await this.#rooms.membersAt(room, first.seq));
    }
    const { items, events, large } = spread(
      room, flow.epoch, entries, flow.large, flow.members ?? new Map(),
    );
    flow.large = large;
    if (large) flow.members = undefined;
    // Whoever was removed is told, and taken off the room's listeners, before what follows.
    await this.#forward(flow, items);
    await Promise.all(events.map((event) => this.#parts.bus.publish(event)));
    flow.seq = last.seq;
  }

  async #forward(flow: RoomFlow, items: readonly ForwardItem[]): Promise<void> {
    if (items.length === 0) return;
    let results = await this.#batcher.forward(items);
    const away = new Set(results.flatMap((result) => result.away));
    let open = items;
    const waitsMs = flow.skipped ? otherNodeMs : [];
    flow.skipped = false;
    for (const waitMs of waitsMs) {
      open = stillOpen(open, results);
      if (open.length === 0) break;
      // What they lack is on its way from the node that wrote it.
      await new Promise<void>((resolve) => { this.#parts.clock.after(waitMs, resolve); });
      results = await this.#batcher.forward(open);
      for (const result of results) for (const shard of result.away) away.add(shard);
    }
    if (results.some(({ behind }) => behind.length > 0)) {
      const left = await catchUp(this.#rooms, this.#batcher, flow, open, results);
      if (left > 0) this.#parts.log.warn({ users: left }, 'feeds stay behind a room');
    }
    flow.away = [...away];
  }

  async #forwardReads(flow: RoomFlow): Promise<void> {
    flow.readsDirty = false;
    const { room } = flow;
    const positions = await this.#rooms.readsAfter(room, flow.reads, readsPage);
    const last = positions.at(-1);
    if (last === undefined) return;
    if (positions.length === readsPage) flow.readsDirty = true;
    const most = this.#parts.limits.maxReceiptMembers;
    const members = flow.large ? undefined : flow.members
      ?? membershipsOf(await this.#rooms.members(room, '', this.#parts.limits.feedFanoutLimit + 1));
    const told = members !== undefined && members.size <= most ? members : undefined;
    const items: ForwardItem[] = [];
    for (const position of positions) {
      const since = members?.get(position.user)
        ?? (flow.large ? (await this.#rooms.membership(room, position.user))?.member?.since
          : undefined);
      // Who left meanwhile has no place in the room to be told of.
      if (since === undefined) continue;
      items.push(readItem(room, flow.epoch, flow.seq, position, since, flow.large, told));
    }
    await this.#forward(flow, items);
    flow.reads = last.version;
  }

  /** Says how far it came; one call at a time, the newest state, behind what is delivered. */
  async #settle(flow: RoomFlow): Promise<void> {
    const { known, failures, settled, seq, reads } = flow;
    if (flow.settling || !known || failures > 0) return;
    if (settled.seq === seq && settled.reads === reads) return;
    flow.settling = true;
    try {
      await this.#rooms.settle(flow.room, { seq, reads }, flow.away);
      flow.settled = { seq, reads };
      // Who asked meanwhile was sent away.
      if (flow.seq !== seq || flow.reads !== reads) this.#settleSoon(flow);
    } catch (error) {
      // The mark stays: the sweeper forwards again what the feeds have already, and settles.
      this.#parts.log.warn({ err: error }, 'settling a room failed');
    } finally {
      flow.settling = false;
    }
  }
}
