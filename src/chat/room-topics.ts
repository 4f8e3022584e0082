import type { Logger } from '../base/log.js';
import { idOf, type RoomKey } from '../base/ids.js';
import type { Bus, RoomEvent } from '../cluster/bus.js';
import type { TopicPublisher } from '../rpc/session.js';
import type { RoomStore } from '../store/rooms.js';
import { eventOf, withMember } from './events.js';
import { mapError } from './map-error.js';
import type { OwnCalls } from './own-calls.js';
import { Topic, type RoomWatch } from './room-watch.js';

export interface RoomTopicsParts {
  readonly rooms: RoomStore;
  readonly bus: Pick<Bus, 'join' | 'leave'>;
  readonly topics: TopicPublisher;
  readonly ownCalls: OwnCalls;
  readonly log: Logger;
  /** The sender's own watches of a room on this node: they are shown the key. */
  watchesOf(user: string, room: RoomKey): Iterable<RoomWatch>;
  /** A watch has ended because its membership or its room did. */
  ended(watch: RoomWatch): void;
}

const logPage = 200;

/**
 * Large rooms and channels on this node: one place in each room's log for everybody who is live,
 * so that one encoded frame serves them all, and a place of its own for whoever is behind. A gap
 * in what arrives is filled from the log before what follows (G5).
 */
export class RoomTopics {
  readonly #parts: RoomTopicsParts;
  readonly #topics = new Map<RoomKey, Topic>();

  constructor(parts: RoomTopicsParts) {
    this.#parts = parts;
  }

  /**
   * Registers a watch and says where it goes on; {@link start} begins.
   * @param since a place to go on from; absent: from now on
   */
  async open(
    watch: RoomWatch, since: { seq: number; epoch: string } | undefined,
  ): Promise<{ seq: number; epoch: string; recovered: boolean } | undefined> {
    const topic = this.#topic(watch.room);
    topic.watches.add(watch);
    try {
      await topic.joined;
      const head = await this.#parts.rooms.head(watch.room);
      if (head === undefined || head.purged) {
        this.close(watch);
        return undefined;
      }
      const recovered = since === undefined
        || (since.epoch === head.epoch && since.seq <= head.seq && since.seq >= head.first - 1);
      watch.epoch = head.epoch;
      watch.at = recovered && since !== undefined ? since.seq : head.seq;
      return { seq: watch.at, epoch: head.epoch, recovered };
    } catch (error) {
      this.close(watch);
      throw mapError(error);
    }
  }

  start(watch: RoomWatch): void {
    const topic = this.#topics.get(watch.room);
    if (topic === undefined || watch.phase !== 'opening') return;
    watch.phase = 'behind';
    void this.#catchUp(topic, watch);
  }

  /** Ends a watch; idempotent. It keeps the place where it was. */
  close(watch: RoomWatch): void {
    const topic = this.#topics.get(watch.room);
    if (watch.phase === 'live' && topic !== undefined) {
      this.#silence(topic, watch);
      watch.at = topic.seq;
      watch.epoch = topic.epoch;
    }
    watch.phase = 'closed';
    if (topic === undefined || !topic.watches.delete(watch) || topic.watches.size > 0) return;
    this.#topics.delete(watch.room);
    void topic.joined.then(() => this.#parts.bus.leave(watch.room)).catch((error: unknown) => {
      this.#parts.log.warn({ err: error }, 'leaving a room failed');
    });
  }

  /** Answers may have gone out: what was held for one of these may go. */
  release(watch: RoomWatch): void {
    const topic = this.#topics.get(watch.room);
    if (topic === undefined || watch.phase !== 'held') return;
    watch.phase = 'behind';
    // One that is reading goes on by itself.
    if (!watch.reading) void this.#catchUp(topic, watch);
  }

  /** One entry arrived from the bus. */
  event(event: RoomEvent): void {
    const topic = this.#topics.get(event.room);
    if (topic === undefined) return;
    topic.seen = Math.max(topic.seen, event.seq);
    if (!topic.live) return;
    if (event.epoch !== topic.epoch || event.seq > topic.seq + 1) {
      this.#fill(topic);
    } else if (event.seq === topic.seq + 1) {
      this.#publish(topic, event);
      if (topic.seen > topic.seq) this.#fill(topic);
    }
  }

  /** Publications may have been missed: every room's head is looked at. */
  gap(): void {
    for (const topic of this.#topics.values()) {
      if (topic.live) this.#fill(topic);
    }
  }

  #topic(room: RoomKey): Topic {
    let topic = this.#topics.get(room);
    if (topic === undefined) {
      topic = new Topic(room);
      this.#topics.set(room, topic);
      topic.joined = this.#join(topic);
      // Whoever opened it awaits it; nobody else has to hear of the failure.
      topic.joined.catch(() => undefined);
    }
    return topic;
  }

  async #join(topic: Topic): Promise<void> {
    try {
      // Joined before the head is read, so that nothing falls between (trap 7).
      await this.#parts.bus.join(topic.room);
      const head = await this.#parts.rooms.head(topic.room);
      topic.epoch = head?.epoch ?? '';
      topic.seq = head?.seq ?? 0;
      topic.live = true;
      if (topic.seen > topic.seq) this.#fill(topic);
    } catch (error) {
      if (this.#topics.get(topic.room) === topic) this.#topics.delete(topic.room);
      throw error;
    }
  }

  #fill(topic: Topic): void {
    if (topic.reading) return;
    topic.reading = true;
    topic.live = false;
    void this.#readGap(topic).finally(() => {
      topic.reading = false;
      topic.live = true;
      for (const watch of topic.watches) {
        if (watch.phase === 'behind' && !watch.reading) void this.#catchUp(topic, watch);
      }
    });
  }

  async #readGap(topic: Topic): Promise<void> {
    try {
      for (;;) {
        const head = await this.#parts.rooms.head(topic.room);
        if (head === undefined) return;
        if (head.epoch !== topic.epoch) {
          // Another history (G6): what clients see next carries its epoch, and they start anew.
          topic.epoch = head.epoch;
          topic.seq = Math.min(topic.seq, Math.max(head.first - 1, head.seq - 1));
        }
        if (head.seq <= topic.seq) return;
        const to = Math.min(head.seq, topic.seq + logPage);
        const [entries] = await this.#parts.rooms.ranges([
          { room: topic.room, from: topic.seq + 1, to },
        ]);
        for (const entry of entries ?? []) {
          this.#publish(topic, {
            room: topic.room, seq: entry.seq, epoch: topic.epoch, by: entry.by,
            ...eventOf(idOf(topic.room), topic.epoch, entry),
            ...(entry.key === undefined ? {} : { key: entry.key }),
          });
        }
        topic.seq = Math.max(topic.seq, to);
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'reading a room after a gap failed');
    }
  }

  #publish(topic: Topic, event: RoomEvent): void {
    topic.seq = event.seq;
    topic.epoch = event.epoch;
    if (event.method === 'room.memberRemoved' || event.method === 'room.deleted') {
      this.#takeLeave(topic, event);
    }
    const back = this.#setSenderApart(topic, event);
    this.#parts.topics.publish(topic.name, event.method, event.params);
    for (const watch of topic.wrapped) watch.out.emit(event.method, event.params);
    for (const watch of back) {
      watch.out.emit(event.method, withMember(event.params, 'key', event.key ?? ''));
      this.#makeLive(topic, watch);
    }
    if (event.method === 'room.deleted') {
      for (const watch of topic.watches) this.#end(watch);
    }
  }

  /** Members who are removed hear it from their feed, and nothing after it (G11). */
  #takeLeave(topic: Topic, event: RoomEvent): void {
    const { user }: { user?: unknown } = JSON.parse(event.params);
    const gone = [...topic.watches].filter((watch) => watch.byFeed
      && (event.method === 'room.deleted' || idOf(watch.user) === user));
    for (const watch of gone) {
      watch.byFeed = false;
      if (!watch.byCall) this.#end(watch);
    }
  }

  #end(watch: RoomWatch): void {
    this.close(watch);
    this.#parts.ended(watch);
  }

  /**
   * The sender's connections get a frame with the key, or none before their answer (trap 5).
   * @returns those that are to get theirs with the key
   */
  #setSenderApart(topic: Topic, event: RoomEvent): RoomWatch[] {
    const back: RoomWatch[] = [];
    for (const watch of this.#parts.watchesOf(event.by, topic.room)) {
      if (watch.phase !== 'live') continue;
      const hold = this.#parts.ownCalls.holds(watch.out.session, event, event.key);
      if (!hold && event.key === undefined) continue;
      this.#silence(topic, watch);
      watch.phase = hold ? 'held' : 'behind';
      watch.at = event.seq - 1;
      if (!hold) back.push(watch);
    }
    return back;
  }

  #silence(topic: Topic, watch: RoomWatch): void {
    if (watch.out.subscription === undefined) watch.out.session.leave(topic.name);
    else topic.wrapped.delete(watch);
  }

  #makeLive(topic: Topic, watch: RoomWatch): void {
    watch.phase = 'live';
    if (watch.out.subscription === undefined) watch.out.session.join(topic.name);
    else topic.wrapped.add(watch);
  }

  /** Sends one watch what it lacks, at its own pace, and then lets it hear what all hear. */
  async #catchUp(topic: Topic, watch: RoomWatch): Promise<void> {
    watch.reading = true;
    try {
      while (watch.phase === 'behind') {
        if (watch.epoch !== topic.epoch) {
          watch.epoch = topic.epoch;
          watch.at = Math.min(watch.at, topic.seq);
        }
        if (watch.at >= topic.seq) {
          // A topic that is filling a gap starts this again when it is done.
          if (topic.live) this.#makeLive(topic, watch);
          return;
        }
        await this.#sendLog(topic, watch, Math.min(topic.seq, watch.at + logPage));
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'resuming a room failed');
      this.#end(watch);
    } finally {
      watch.reading = false;
    }
  }

  async #sendLog(topic: Topic, watch: RoomWatch, to: number): Promise<void> {
    const [entries] = await this.#parts.rooms.ranges([
      { room: topic.room, from: watch.at + 1, to },
    ]);
    for (const entry of entries ?? []) {
      if (watch.phase !== 'behind') return;
      const own = entry.by === idOf(watch.user);
      const place = { room: topic.room, epoch: topic.epoch, seq: entry.seq };
      if (own && this.#parts.ownCalls.holds(watch.out.session, place, entry.key)) {
        watch.phase = 'held';
        return;
      }
      const { method, params } = eventOf(idOf(topic.room), topic.epoch, entry);
      const shown = own && entry.key !== undefined ? withMember(params, 'key', entry.key) : params;
      watch.out.emit(method, shown);
      watch.at = entry.seq;
    }
    if (watch.phase !== 'behind') return;
    watch.at = to;
    await watch.out.session.drained();
  }
}
