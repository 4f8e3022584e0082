import { idOf, roomKey, tenantOf, userKey, type RoomKey, type UserKey } from '../base/ids.js';
import type { Clock } from '../base/clock.js';
import type { Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import { RpcError, code, invalidParams, unauthenticated } from '../rpc/errors.js';
import type { BusHandler, RoomEvent, Signal } from '../cluster/bus.js';
import type { Session } from '../rpc/session.js';
import type { Delivery, FeedEntry } from '../store/feeds.js';
import type { Store } from '../store/store.js';
import type { FeedOpened, Hub, OpenFeed, RoomOpened, WatchRoom } from './chat.js';
import { decodeCursor, encodeCursor, type Cursor } from './cursor.js';
import { FeedSink } from './feed-sink.js';
import { HubSession, HubUsers } from './hub-sessions.js';
import { mapError } from './map-error.js';
import type { OwnCalls } from './own-calls.js';
import { largeRoomsOf, stateOf } from './room-rows.js';
import type { RoomTopics } from './room-topics.js';
import { RoomWatch } from './room-watch.js';
import type { RoomHeadsJson } from './schemas.js';
import { Sink } from './sink.js';
import { UnreadNotices } from './unread-notices.js';
import { withMember } from './events.js';

export interface HubParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Readonly<Limits>;
  readonly ownCalls: OwnCalls;
  /** Whether a session may listen to a room now: for rooms that a client names (G11). */
  mayListen(session: Session, room: RoomKey): Promise<boolean>;
}

/** Feeds open at once on one connection: the plain one and some of the dialect. */
const maxFeeds = 8;

/** The sessions of this node, and what each is sent. */
export class SessionHub implements Hub, BusHandler {
  readonly #parts: HubParts;
  readonly #users = new HubUsers();
  readonly #unread = new UnreadNotices();
  #topics: RoomTopics | undefined;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** The large rooms, which need the hub to be made. */
  useTopics(topics: RoomTopics): void {
    this.#topics = topics;
  }

  get #rooms(): RoomTopics {
    if (this.#topics === undefined) throw new Error('the hub was not put together');
    return this.#topics;
  }

  attach(session: Session, user: UserKey): void {
    this.detach(session);
    this.#users.add(new HubSession(session, user));
  }

  detach(session: Session): void {
    const attached = this.#users.remove(session);
    if (attached === undefined) return;
    for (const sink of attached.feeds) sink.close();
    for (const watch of attached.watches.values()) this.#rooms.close(watch);
  }

  *sessionsOf(user: UserKey): Iterable<Session> {
    for (const { session } of this.#users.of(user)) yield session;
  }

  *sessions(): Iterable<readonly [Session, UserKey]> {
    for (const { session, user } of this.#users.all()) yield [session, user];
  }

  get connections(): number {
    return this.#users.connections;
  }

  get users(): number {
    return this.#users.size;
  }

  /** Watches of one user of one room: what the topics ask for the sender of an event. */
  *watchesOf(user: string, room: RoomKey): Iterable<RoomWatch> {
    for (const attached of this.#users.of(userKey(tenantOf(room), user))) {
      for (const watch of attached.watches.values()) if (watch.room === room) yield watch;
    }
  }

  async openFeed(session: Session, options: OpenFeed): Promise<FeedOpened> {
    const attached = this.#attached(session);
    const since = options.since === undefined ? undefined : decodeCursor(options.since);
    if (since === undefined && options.since !== undefined) {
      throw invalidParams('/since', 'malformed');
    }
    this.closeFeed(session, options.subscription);
    if (attached.feeds.length >= maxFeeds) {
      throw new RpcError(code.tooManySubscriptions, 'too_many_feeds');
    }
    const { store, clock, log, ownCalls, limits } = this.#parts;
    const sink = new FeedSink({
      store, clock, log, ownCalls,
      maxAnswerBytes: limits.maxAnswerBytes,
      membership: (of, entry) => void this.#membership(attached, of, entry),
    }, session, attached.user, options.subscription);
    // Registered before the head is read: what arrives from here on is seen (trap 7).
    attached.feeds.push(sink);
    try {
      return await this.#open(attached, sink, since, options);
    } catch (error) {
      this.closeFeed(session, options.subscription);
      throw mapError(error);
    }
  }

  async #open(
    attached: HubSession, sink: FeedSink, since: Cursor | undefined, options: OpenFeed,
  ): Promise<FeedOpened> {
    const { store, limits } = this.#parts;
    const page = await store.feeds.read(attached.user, since?.n ?? 0, 0);
    const recovered = since === undefined || (since.epoch === page.epoch
      && since.n >= page.floor && since.n <= page.head);
    const start = recovered && since !== undefined ? since : { epoch: page.epoch, n: page.head };
    sink.place(start, page.head);
    const state = recovered
      ? undefined : await stateOf(store, attached.user, limits.maxAnswerBytes);
    const { heads, watches } = await this.#openRooms(attached, sink, options.rooms);
    options.afterAnswer(() => {
      sink.start(since !== undefined && recovered);
      for (const watch of watches) this.#rooms.start(watch);
    });
    return {
      cursor: encodeCursor(start.epoch, start.n), recovered,
      ...(state === undefined ? {} : { state }),
      ...(Object.keys(heads).length === 0 ? {} : { rooms: heads }),
    };
  }

  /** The user's large rooms, and channels that are named: each from its own place. */
  async #openRooms(
    attached: HubSession, sink: FeedSink, named: OpenFeed['rooms'],
  ): Promise<{ heads: RoomHeadsJson; watches: RoomWatch[] }> {
    const tenant = tenantOf(attached.user);
    const rooms = new Set((await largeRoomsOf(this.#parts.store, attached.user))
      .map(({ room }) => room));
    const places = new Map(Object.entries(named ?? {})
      .map(([room, place]) => [roomKey(tenant, room), place]));
    for (const room of places.keys()) {
      if (!rooms.has(room) && await this.#parts.mayListen(attached.session, room)) rooms.add(room);
    }
    const watches: RoomWatch[] = [];
    const heads: [string, RoomHeadsJson[string]][] = [];
    for (const room of rooms) {
      const place = places.get(room);
      const watch = this.#watch(attached, room, sink.out);
      watch.byFeed = true;
      const opened = await this.#openWatch(attached, watch, place);
      if (opened === undefined) continue;
      watches.push(watch);
      const { seq, epoch, recovered } = opened;
      heads.push([idOf(room), { seq, epoch, ...(place === undefined ? {} : { recovered }) }]);
    }
    return { heads: Object.fromEntries(heads), watches };
  }

  closeFeed(session: Session, subscription?: string): boolean {
    const attached = this.#users.get(session);
    const index = attached?.feeds
      .findIndex(({ out }) => out.subscription === subscription) ?? -1;
    const [sink] = index < 0 ? [] : attached?.feeds.splice(index, 1) ?? [];
    if (attached === undefined || sink === undefined) return false;
    sink.close();
    for (const watch of [...attached.watches.values()]) {
      if (!watch.byFeed || watch.out.subscription !== subscription) continue;
      watch.byFeed = false;
      if (!watch.byCall) this.#endWatch(attached, watch);
    }
    return true;
  }

  async watchRoom(session: Session, room: RoomKey, options: WatchRoom): Promise<RoomOpened> {
    const attached = this.#attached(session);
    const max = this.#parts.limits.maxRoomSubscriptions;
    const asked = [...attached.watches.values()].filter(({ byCall }) => byCall).length;
    if (max > 0 && asked >= max) {
      throw new RpcError(code.tooManySubscriptions, 'too_many', { limit: 'maxRoomSubscriptions' });
    }
    const watch = this.#watch(attached, room, new Sink(session, options.subscription));
    watch.byCall = true;
    const opened = await this.#openWatch(attached, watch, options.since);
    if (opened === undefined) throw new RpcError(code.notFound, 'not_found');
    options.afterAnswer(() => this.#rooms.start(watch));
    return opened;
  }

  unwatchRoom(session: Session, room: RoomKey | undefined, subscription?: string): boolean {
    const attached = this.#users.get(session);
    if (attached === undefined) return false;
    for (const watch of attached.watches.values()) {
      if (!watch.byCall || watch.out.subscription !== subscription) continue;
      if (room !== undefined && watch.room !== room) continue;
      watch.byCall = false;
      if (!watch.byFeed) this.#endWatch(attached, watch);
      return true;
    }
    return false;
  }

  stir(user: UserKey, maxMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#users.stir(user, maxMs, signal, this.#parts.clock);
  }

  endPolls(): void {
    this.#users.endPolls();
  }

  /** Hands deliveries to the feeds of their users; called by the feed store. */
  deliver(deliveries: readonly Delivery[]): void {
    for (const { item, users } of deliveries) {
      const { params } = item.event;
      const own = item.key === undefined ? params : withMember(params, 'key', item.key);
      for (const told of users) {
        this.#users.wake(told.user);
        const self = item.by === idOf(told.user);
        let handedOn = false;
        for (const attached of this.#users.of(told.user)) {
          for (const sink of attached.feeds) {
            if (!sink.deliver(item, told.epoch, told.n, self ? own : params)) continue;
            handedOn = true;
            this.#unread.note(sink, item, told, self);
          }
        }
        if (handedOn) this.#unread.settle(told);
      }
    }
    this.#unread.flush();
  }

  signal({ users, method, params }: Signal): void {
    for (const user of users) {
      for (const { feeds } of this.#users.of(user)) {
        for (const { out } of feeds) out.emit(method, params);
      }
    }
  }

  room(event: RoomEvent): void {
    this.#rooms.event(event);
  }

  gap(): void {
    for (const { feeds } of this.#users.all()) for (const sink of feeds) sink.doubt();
    this.#rooms.gap();
  }

  /** A call of this session was answered, or its outcome is known: what was held may go. */
  release(session: Session): void {
    const attached = this.#users.get(session);
    if (attached === undefined) return;
    for (const sink of attached.feeds) sink.release();
    for (const watch of attached.watches.values()) this.#rooms.release(watch);
  }

  /** A watch ended by itself: its room or its membership did. */
  ended(watch: RoomWatch): void {
    this.#users.get(watch.out.session)?.forget(watch);
  }

  #attached(session: Session): HubSession {
    const attached = this.#users.get(session);
    if (attached === undefined) throw unauthenticated('missing');
    return attached;
  }

  #watch(attached: HubSession, room: RoomKey, out: Sink): RoomWatch {
    return attached.watch(room, out.subscription)
      ?? attached.remember(new RoomWatch(room, attached.user, out));
  }

  /** Opens a watch, or opens it anew at another place. */
  async #openWatch(
    attached: HubSession, watch: RoomWatch, since: WatchRoom['since'],
  ): Promise<RoomOpened | undefined> {
    try {
      const opened = await this.#rooms.open(watch, since);
      if (opened === undefined) attached.forget(watch);
      return opened;
    } catch (error) {
      attached.forget(watch);
      throw error;
    }
  }

  #endWatch(attached: HubSession, watch: RoomWatch): void {
    attached.forget(watch);
    this.#rooms.close(watch);
  }

  /** Large rooms are listened to as soon as the feed says that they are the user's. */
  async #membership(
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
        const made = this.#watch(attached, room, sink.out);
        made.byFeed = true;
        const opened = await this.#openWatch(attached, made, { seq, epoch });
        if (opened !== undefined) this.#rooms.start(made);
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'listening to a large room failed');
    }
  }
}
