import type { RoomKey, UserKey } from '../base/ids.js';
import type { Delivery } from '../store/feeds.js';
import type { FeedSink, UnreadNews } from './feed-sink.js';

type Told = Delivery['users'][number];

/** Counts anew what a user has unread, in a room and in all. */
export type Recount = (user: UserKey, room: RoomKey) => Promise<UnreadNews>;

interface Notice {
  readonly room: RoomKey;
  unread: number;
  total: number;
  at: number;
  ownRead: boolean;
}

/** Users whose last total is remembered; one that is forgotten is told once too often. */
const maxTotals = 100_000;

/** Kinds that can change what is unread; edits and titles can't. */
const counting: ReadonlySet<string> = new Set(['message', 'remove', 'purge', 'read']);

/**
 * What is unread, told right after the events that changed it: once a room for each batch of
 * deliveries, and not at all where nothing changed.
 */
export class UnreadNotices {
  readonly #notices = new Map<FeedSink, Notice[]>();
  readonly #totals = new Map<UserKey, number>();
  readonly #recount: Recount | undefined;
  readonly #last = new WeakMap<FeedSink, Promise<void>>();

  /** @param recount asked before anything unread is told, where the store counts too much */
  constructor(recount?: Recount) {
    this.#recount = recount;
  }

  /** An item was handed on to a feed. */
  note(sink: FeedSink, item: Delivery['item'], told: Told, self: boolean): void {
    const { kind, room, at } = item;
    if (item.large || !counting.has(kind)) return;
    const ownRead = kind === 'read' && self;
    if (kind === 'read' && !self) return;
    // Messages of others always count; one's own, and departures, only where the total says so.
    const always = ownRead || (kind === 'message' && !self);
    if (!always && this.#totals.get(told.user) === told.total) return;
    const { unread, total } = told;
    const notices = this.#notices.get(sink);
    const known = notices?.find((notice) => notice.room === room);
    if (known !== undefined) Object.assign(known, { unread, total, at, ownRead });
    else if (notices !== undefined) notices.push({ room, unread, total, at, ownRead });
    else this.#notices.set(sink, [{ room, unread, total, at, ownRead }]);
  }

  /** All sinks of the user were handed the item: its total is known to them. */
  settle(told: Told): void {
    this.#totals.delete(told.user);
    this.#totals.set(told.user, told.total);
    if (this.#totals.size <= maxTotals) return;
    for (const oldest of this.#totals.keys()) {
      this.#totals.delete(oldest);
      return;
    }
  }

  /** Tells what has changed; the deliveries of this batch have been handed on. */
  flush(): void {
    for (const [sink, notices] of this.#notices) {
      for (const notice of notices) this.#tell(sink, notice);
    }
    this.#notices.clear();
  }

  #tell(sink: FeedSink, { room, unread, total, at, ownRead }: Notice): void {
    const recount = this.#recount;
    const before = this.#last.get(sink);
    if (recount === undefined || (total === 0 && before === undefined)) {
      sink.unread(room, { unread, total }, at, ownRead);
      return;
    }
    // One after the other: the last one told is the last one counted.
    const told = (before ?? Promise.resolve()).then(() => recount(sink.user, room))
      .catch(() => ({ unread, total }))
      .then((news) => {
        if (this.#last.get(sink) === told) this.#last.delete(sink);
        if (!sink.closed) sink.unread(room, news, at, ownRead);
      });
    this.#last.set(sink, told);
  }
}
