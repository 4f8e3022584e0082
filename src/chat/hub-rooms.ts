import { idOf, roomKey, tenantOf, type RoomKey } from '../base/ids.js';
import { RpcError, code } from '../rpc/errors.js';
import type { RoomEvent } from '../cluster/bus.js';
import type { FeedEntry } from '../store/feeds.js';
import type { OpenFeed, RoomOpened, WatchRoom } from './chat.js';
import type { FeedSink } from './feed-sink.js';
import type { HubParts } from './hub.js';
import type { HubSession } from './hub-sessions.js';
import { largeRoomsOf } from './room-rows.js';
import { RoomTopics, type RoomTopicsParts } from './room-topics.js';
import { RoomWatch } from './room-watch.js';
import type { RoomHeadsJson } from './schemas.js';
import { Sink } from './sink.js';

const tooMany = (): RpcError =>
  new RpcError(code.tooManySubscriptions, 'too_many', { limit: 'maxRoomSubscriptions' });

/** Which large rooms and channels each session listens to, and why. */
export class HubRooms {
  readonly #parts: HubParts;
  readonly #topics: RoomTopics;

  constructor(parts: HubParts & RoomTopicsParts) {
    this.#parts = parts;
    this.#topics = new RoomTopics(parts);
  }

  event(event: RoomEvent): void {
    this.#topics.event(event);
  }

  gap(): void {
    this.#topics.gap();
  }

  /** The answers are out. */
  start(watches: readonly RoomWatch[]): void {
    for (const watch of watches) this.#topics.start(watch);
  }

  release(attached: HubSession): void {
    for (const watch of attached.watches.values()) this.#topics.release(watch);
  }

  /** The session has ended, or nobody is signed in on it any more. */
  close(attached: HubSession): void {
    for (const watch of attached.watches.values()) this.#topics.close(watch);
  }

  /** What a feed listened to ends with it. */
  closeFeed(attached: HubSession, subscription: string | undefined): void {
    for (const watch of [...attached.watches.values()]) {
      if (!watch.byFeed || watch.out.subscription !== subscription) continue;
      watch.byFeed = false;
      if (!watch.byCall) this.#endWatch(attached, watch);
    }
  }

  /** The user's large rooms, and channels that are named: each from its own place. */
  async openFeed(
    attached: HubSession, sink: FeedSink, named: OpenFeed['rooms'],
  ): Promise<{ heads: RoomHeadsJson; watches: RoomWatch[] }> {
    const tenant = tenantOf(attached.user);
    const rooms = new Set((await largeRoomsOf(this.#parts.store, attached.user))
      .map(({ room }) => room));
    const places = new Map(Object.entries(named ?? {})
      .map(([room, place]) => [roomKey(tenant, room), place]));
    const others = [...places.keys()].filter((room) => !rooms.has(room));
    const max = this.#parts.limits.maxRoomSubscriptions;
    if (max > 0 && others.length > max) throw tooMany();
    for (const room of others) {
      if (await this.#parts.mayListen(attached.session, room)) rooms.add(room);
    }
    const watches: RoomWatch[] = [];
    const heads: [string, RoomHeadsJson[string]][] = [];
    for (const room of rooms) {
      const place = places.get(room);
      const watch = new RoomWatch(room, attached.user, sink.out);
      watch.byFeed = true;
      const opened = await this.#openWatch(attached, watch, place);
      if (opened === undefined) continue;
      watches.push(watch);
      const { seq, epoch, recovered } = opened;
      heads.push([idOf(room), { seq, epoch, ...(place === undefined ? {} : { recovered }) }]);
    }
    return { heads: Object.fromEntries(heads), watches };
  }

  /** @throws RpcError -32006 past maxRoomSubscriptions, 404 where the room has ended */
  async watch(
    attached: HubSession, room: RoomKey, options: WatchRoom,
  ): Promise<RoomOpened> {
    const max = this.#parts.limits.maxRoomSubscriptions;
    const asked = [...attached.watches.values()].filter(({ byCall }) => byCall).length;
    if (max > 0 && asked >= max) throw tooMany();
    const out = new Sink(attached.session, options.subscription);
    const watch = new RoomWatch(room, attached.user, out);
    watch.byCall = true;
    const opened = await this.#openWatch(attached, watch, options.since);
    if (opened === undefined) throw new RpcError(code.notFound, 'not_found');
    options.afterAnswer(() => this.#topics.start(watch));
    return opened;
  }

  /** @param room undefined: whichever the subscription is for */
  unwatch(
    attached: HubSession, room: RoomKey | undefined, subscription: string | undefined,
  ): boolean {
    for (const watch of attached.watches.values()) {
      if (!watch.byCall || watch.out.subscription !== subscription) continue;
      if (room !== undefined && watch.room !== room) continue;
      watch.byCall = false;
      if (!watch.byFeed) this.#endWatch(attached, watch);
      return true;
    }
    return false;
  }

  /**
   * Opens a watch in place of the one that the session has of this room, if it has: from where
   * that was, unless another place was asked for, and for the reasons of both.
   */
  async #openWatch(
    attached: HubSession, watch: RoomWatch, since: WatchRoom['since'],
  ): Promise<RoomOpened | undefined> {
    const before = attached.watch(watch.room, watch.out.subscription);
    if (before !== undefined) {
      this.#topics.close(before);
      watch.byFeed ||= before.byFeed;
      watch.byCall ||= before.byCall;
    }
    attached.remember(watch);
    const place = since ?? (before === undefined || before.epoch === ''
      ? undefined : { seq: before.at, epoch: before.epoch });
    try {
      const opened = await this.#topics.open(watch, place);
      if (opened === undefined) attached.forget(watch);
      return opened;
    } catch (error) {
      attached.forget(watch);
      throw error;
    }
  }

  #endWatch(attached: HubSession, watch: RoomWatch): void {
    attached.forget(watch);
    this.#topics.close(watch);
  }

  /** Large rooms are listened to as soon as the feed says that they are the user's. */
  async membership(
    attached: HubSession, sink: FeedSink,
    entry: Pick<FeedEntry, 'room' | 'seq' | 'epoch'>,
  ): Promise<void> {
    const { room, seq, epoch } = entry;
    try {
      const [row] = await this.#parts.store.feeds.rows(attached.user, [room]);
      const watch = attached.watch(room, sink.out.subscription);
      if (sink.closed) return;
      if (row === undefined) {
        if (watch === undefined) return;
        watch.byFeed = false;
        if (!watch.byCall) this.#endWatch(attached, watch);
      } else if (row.large && watch?.byFeed !== true) {
        const made = new RoomWatch(room, attached.user, sink.out);
        made.byFeed = true;
        const opened = await this.#openWatch(attached, made, { seq, epoch });
        if (opened !== undefined) this.#topics.start(made);
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'listening to a large room failed');
    }
  }
}
