import { idOf, tenantOf, userKey, type RoomKey, type UserKey } from '../base/ids.js';
import type { Clock } from '../base/clock.js';
import type { Limits } from '../base/limits.js';
import type { Logger } from '../base/log.js';
import { RpcError, code, invalidParams, unauthenticated } from '../rpc/errors.js';
import type { Bus, BusHandler, RoomEvent, Signal } from '../cluster/bus.js';
import type { Session, TopicPublisher } from '../rpc/session.js';
import type { Delivery } from '../store/feeds.js';
import type { Store } from '../store/store.js';
import type { FeedOpened, Hub, OpenFeed, RoomOpened, WatchRoom } from './chat.js';
import { decodeCursor, encodeCursor, type Cursor } from './cursor.js';
import { FeedSink } from './feed-sink.js';
import { HubRooms } from './hub-rooms.js';
import { HubSession, HubUsers } from './hub-sessions.js';
import { mapError } from './map-error.js';
import type { OwnCalls } from './own-calls.js';
import { stateOf } from './room-rows.js';
import type { RoomWatch } from './room-watch.js';
import { UnreadNotices, type Recount } from './unread-notices.js';
import { withMember } from './events.js';

export interface HubParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Readonly<Limits>;
  readonly ownCalls: OwnCalls;
  readonly bus: Pick<Bus, 'join' | 'leave'>;
  readonly topics: TopicPublisher;
  /** Whether a session may listen to a room now: for rooms that a client names (G11). */
  mayListen(session: Session, room: RoomKey): Promise<boolean>;
  /** Where messages are new for a while only: what the policy counts as unread. */
  readonly recount?: Recount;
}

/** Feeds open at once on one connection: the plain one and some of the dialect. */
const maxFeeds = 8;

/** The sessions of this node, and what each is sent. */
export class SessionHub implements Hub, BusHandler {
  readonly #parts: HubParts;
  readonly #users = new HubUsers();
  readonly #unread: UnreadNotices;
  readonly #rooms: HubRooms;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#unread = new UnreadNotices(parts.recount);
    this.#rooms = new HubRooms({
      ...parts, rooms: parts.store.rooms,
      watchesOf: (user, room) => this.#watchesOf(user, room),
      ended: (watch) => this.#users.get(watch.out.session)?.forget(watch),
    });
  }

  attach(session: Session, user: UserKey): void {
    this.detach(session);
    this.#users.add(new HubSession(session, user));
  }

  detach(session: Session): void {
    const attached = this.#users.remove(session);
    if (attached === undefined) return;
    for (const sink of attached.feeds) sink.close();
    this.#rooms.close(attached);
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
  *#watchesOf(user: string, room: RoomKey): Iterable<RoomWatch> {
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
      membership: (of, entry) => void this.#rooms.membership(attached, of, entry),
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
    const { heads, watches } = await this.#rooms.openFeed(attached, sink, options.rooms);
    options.afterAnswer(() => {
      sink.start(since !== undefined && recovered);
      this.#rooms.start(watches);
    });
    return {
      cursor: encodeCursor(start.epoch, start.n), recovered,
      ...(state === undefined ? {} : { state }),
      ...(Object.keys(heads).length === 0 ? {} : { rooms: heads }),
    };
  }

  closeFeed(session: Session, subscription?: string): boolean {
    const attached = this.#users.get(session);
    const index = attached?.feeds
      .findIndex(({ out }) => out.subscription === subscription) ?? -1;
    const [sink] = index < 0 ? [] : attached?.feeds.splice(index, 1) ?? [];
    if (attached === undefined || sink === undefined) return false;
    sink.close();
    this.#rooms.closeFeed(attached, subscription);
    return true;
  }

  watchRoom(session: Session, room: RoomKey, options: WatchRoom): Promise<RoomOpened> {
    return this.#rooms.watch(this.#attached(session), room, options);
  }

  unwatchRoom(session: Session, room: RoomKey | undefined, subscription?: string): boolean {
    const attached = this.#users.get(session);
    return attached !== undefined && this.#rooms.unwatch(attached, room, subscription);
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
    this.#rooms.release(attached);
  }

  #attached(session: Session): HubSession {
    const attached = this.#users.get(session);
    if (attached === undefined) throw unauthenticated('missing');
    return attached;
  }
}
