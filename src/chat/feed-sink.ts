import type { Clock } from '../base/clock.js';
import { idOf, type RoomKey, type UserKey } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import type { Session } from '../rpc/session.js';
import type { Delivery, FeedEntry, FeedPage } from '../store/feeds.js';
import type { Store } from '../store/store.js';
import { encodeCursor, type Cursor } from './cursor.js';
import { FeedPosition } from './feed-position.js';
import type { OwnCalls } from './own-calls.js';
import { paramsWithKey, replay, type Replayed } from './replay.js';
import { stateOf } from './room-rows.js';
import { Sink } from './sink.js';

export interface FeedSinkParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ownCalls: OwnCalls;
  readonly maxAnswerBytes: number;
  /** A membership of the feed's user changed: large rooms are listened to outside the feed. */
  membership(sink: FeedSink, entry: Pick<FeedEntry, 'room' | 'seq' | 'epoch'>): void;
}

export type UnreadNews = { readonly unread: number; readonly total: number };

const replayPage = 200;
const retryMs = 500;

const changesMembership: ReadonlySet<string> = new Set([
  'create', 'add', 'remove', 'large', 'purge',
]);

/** One open feed of one session: the thin edge around {@link FeedPosition}. */
export class FeedSink {
  readonly out: Sink;
  readonly user: UserKey;
  readonly #parts: FeedSinkParts;
  readonly #position = new FeedPosition();
  /** Entries up to here were there when it opened: its large rooms are known. */
  #openedAt = 0;
  #touched: Set<RoomKey> | undefined;
  #toldRead = false;
  #busy = false;

  constructor(
    parts: FeedSinkParts, session: Session, user: UserKey, subscription: string | undefined,
  ) {
    this.#parts = parts;
    this.user = user;
    this.out = new Sink(session, subscription);
  }

  /** Puts it where it goes on; {@link start} begins. */
  place(cursor: Cursor, head: number): void {
    this.#position.epoch = cursor.epoch;
    this.#position.at = cursor.n;
    this.#openedAt = head;
  }

  /** The answer is out: missed events now, then live ones. */
  start(resumes: boolean): void {
    if (this.closed) return;
    this.#position.begin(this.#position.epoch, this.#position.at);
    this.#kick(resumes);
  }

  get closed(): boolean {
    return this.#position.phase === 'closed';
  }

  close(): void {
    this.#position.close();
  }

  /** Answers may have gone out: what was held may go. */
  release(): void {
    if (this.#position.release()) this.#kick(false);
  }

  /** Something may have been missed (G5). */
  doubt(): void {
    if (this.#position.doubt()) this.#kick(false);
  }

  /**
   * @param params the event's params with the key, if this is its sender's
   * @returns whether it was handed on, so that what is unread is to be told
   */
  deliver(item: Delivery['item'], epoch: string, n: number, params: string): boolean {
    const hold = item.by === idOf(this.user)
      && this.#parts.ownCalls.holds(this.out.session, item, item.key);
    const verdict = this.#position.delivered(epoch, n, hold);
    if (verdict === 'read') this.#kick(false);
    if (verdict !== 'send') return false;
    if (item.kind !== 'read' || item.by !== idOf(this.user)) {
      this.out.emit(item.event.method, params, encodeCursor(epoch, n));
    }
    if (item.large && changesMembership.has(item.kind)) this.#parts.membership(this, item);
    return true;
  }

  /** @param ownRead whether one's own reading on another device caused it: then a feed entry */
  unread(room: RoomKey, news: UnreadNews, at: number, ownRead: boolean): void {
    const params = JSON.stringify({ room: idOf(room), ...news, at });
    const { epoch, at: n } = this.#position;
    this.out.emit('unread.changed', params, ownRead ? encodeCursor(epoch, n) : undefined);
  }

  /** One reading at a time: one that runs goes on by itself. */
  #kick(resumes: boolean): void {
    if (this.#busy) return;
    this.#busy = true;
    void this.#read(resumes).finally(() => {
      this.#busy = false;
      if (this.#position.phase === 'reading') this.#kick(false);
    });
  }

  /** Reads on from the store until it is live, at the pace at which the session takes it. */
  async #read(resumes: boolean): Promise<void> {
    // What the entry at the cursor changed may not have been told: unread is state.
    let after = resumes ? Math.max(0, this.#position.at - 1) : this.#position.at;
    while (this.#position.phase === 'reading') {
      try {
        const page = await this.#parts.store.feeds.read(this.user, after, replayPage);
        if (this.#position.phase !== 'reading') return;
        if (this.#position.judge(page) === 'reset') await this.#reset(page);
        else await this.#send(page);
        after = this.#position.at;
        if (this.#isAtHead(page)) {
          await this.#tellTouched();
          if (this.#position.caughtUp(page.head)) return;
        }
      } catch (error) {
        this.#parts.log.warn({ err: error }, 'reading a feed failed');
        await new Promise<void>((resolve) => this.#parts.clock.after(retryMs, resolve));
        if (this.out.session.closing) this.close();
      }
    }
  }

  #isAtHead(page: FeedPage): boolean {
    return this.#position.phase === 'reading' && this.#position.at >= page.head;
  }

  async #send(page: FeedPage): Promise<void> {
    const { at } = this.#position;
    const events = await replay(this.#parts.store.rooms, this.user, page.entries);
    for (const replayed of events) {
      if (this.#position.phase !== 'reading') return;
      this.#touch(replayed.entry);
      // The entry at the cursor itself was read for its room alone.
      if (replayed.entry.n <= at) continue;
      if (!this.#sendOne(replayed)) return;
    }
    await this.out.session.drained();
  }

  #sendOne({ entry, event, key }: Replayed): boolean {
    const hold = entry.by === idOf(this.user)
      && this.#parts.ownCalls.holds(this.out.session, entry, key);
    if (!this.#position.passed(entry.n, hold)) return false;
    this.#toldRead = event === undefined;
    if (event !== undefined) {
      this.out.emit(
        event.method, paramsWithKey(event, key), encodeCursor(this.#position.epoch, entry.n),
      );
    }
    if (entry.n > this.#openedAt && changesMembership.has(entry.kind)) {
      this.#parts.membership(this, entry);
    }
    return true;
  }

  #touch(entry: FeedEntry): void {
    const { kind } = entry;
    const counts = kind === 'message' || kind === 'remove' || kind === 'purge'
      || (kind === 'read' && entry.by === idOf(this.user));
    if (counts) (this.#touched ??= new Set()).add(entry.room);
  }

  /** Once for each room that a replay touched. */
  async #tellTouched(): Promise<void> {
    const touched = this.#touched;
    if (touched === undefined) return;
    const rooms = [...touched];
    const { feeds } = this.#parts.store;
    const [rows, total] = await Promise.all([feeds.rows(this.user, rooms), feeds.total(this.user)]);
    if (this.closed) return;
    this.#touched = undefined;
    const at = this.#parts.clock.now();
    for (const [index, room] of rooms.entries()) {
      const row = rows[index];
      if (row?.large === true) continue;
      const unread = row === undefined ? 0 : Math.max(0, row.count - row.read);
      this.unread(room, { unread, total }, at, this.#toldRead && index === rooms.length - 1);
    }
    this.#toldRead = false;
  }

  /** This feed can't go on from where it was: says so, with what to start from (G4). */
  async #reset(page: FeedPage): Promise<void> {
    const { store, clock, maxAnswerBytes } = this.#parts;
    const state = await stateOf(store, this.user, maxAnswerBytes);
    if (this.#position.phase !== 'reading') return;
    this.#position.begin(page.epoch, page.head);
    this.#touched = undefined;
    const cursor = encodeCursor(page.epoch, page.head);
    this.out.emit('feed.reset', JSON.stringify({ at: clock.now(), state }), cursor);
  }
}
