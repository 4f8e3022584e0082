import type { RoomKey, UserKey } from '../base/ids.js';
import type { LogEntry } from '../store/entry.js';
import type { News } from './chat.js';
import type { Memberships } from './recipients.js';

/** Entries in hand for a room; beyond that they are read from the log when their turn comes. */
const maxInHand = 2_000;

/** How far the forwarding of one room is, as this node knows it. Pure state, no I/O. */
export class RoomFlow {
  readonly room: RoomKey;
  /** Whether `epoch`, `seq` and `reads` are known to hold for all feed shards. */
  known = false;
  epoch = '';
  /** Forwarded up to here. */
  seq = 0;
  /** Version of the last read move that was forwarded. */
  reads = 0;
  large = false;
  /** Members as they are after `seq`; undefined: to be asked for. */
  members: Memberships | undefined;
  /** The last entry that went into a round; `entries` follow it, with none missing of this node. */
  taken = 0;
  entries: LogEntry[] = [];
  /** Something between them was written by another node and left to it. */
  skipped = false;
  /** The log must be looked at: something was written that is not in hand. */
  logDirty = false;
  readsDirty = false;
  running = false;
  settling = false;
  /** What the store was told of; below 0: tell it in any case. */
  settled = { seq: -1, reads: -1 };
  /** Feed shards that did not take the last round. */
  away: readonly string[] = [];
  failures = 0;
  /** Not before this, on the monotonic clock. */
  retryAtMs = 0;
  #by = new Set<UserKey>();

  constructor(room: RoomKey) {
    this.room = room;
  }

  get hasWork(): boolean {
    return this.entries.length > 0 || this.logDirty || this.readsDirty;
  }

  /**
   * Takes in what this node wrote, if it continues what is in hand.
   * @returns whether this user was not waited for already
   */
  take(by: UserKey, news: News | undefined): boolean {
    const isNew = !this.#by.has(by);
    this.#by.add(by);
    this.#takeNews(news);
    return isNew;
  }

  #takeNews(news: News | undefined): void {
    const first = news?.entries[0];
    if (news === undefined || first === undefined) {
      this.readsDirty = true;
      return;
    }
    if (!this.known && first.kind === 'create') this.#begin(news.epoch);
    const next = (this.entries.at(-1)?.seq ?? this.taken) + 1;
    const continues = this.known && !this.logDirty && news.epoch === this.epoch
      && this.entries.length < maxInHand
      && (first.seq === next || this.#skips(news, first.seq, next));
    if (continues) {
      if (first.seq > next) this.skipped = true;
      this.entries.push(...news.entries);
    } else {
      this.entries = [];
      this.logDirty = true;
    }
  }

  /**
   * What lies between was written by another node, which forwards it: the log need not be read for
   * it. Where that has not come to a feed yet, the feed says so, and is caught up. Only while the
   * members are known to be the same all along, and where there are feeds that can tell.
   */
  #skips(news: News, seq: number, next: number): boolean {
    return seq > next && news.version < next && !this.large;
  }

  /** A room that this node created: nothing of it can have been forwarded. */
  #begin(epoch: string): void {
    this.known = true;
    this.epoch = epoch;
    this.seq = 0;
    this.taken = 0;
    this.reads = 0;
    this.large = false;
    this.members = new Map();
  }

  /** Whose calls are in what is forwarded next. */
  takeBy(): ReadonlySet<UserKey> {
    const by = this.#by;
    this.#by = new Set();
    return by;
  }

  /** Forgets what it holds: the store knows better. */
  forget(): void {
    this.known = false;
    this.settled = { seq: -1, reads: -1 };
    this.members = undefined;
    this.entries = [];
    this.logDirty = true;
    this.readsDirty = true;
  }
}
