import type { RoomKey, UserKey } from '../base/ids.js';
import type { Sink } from './sink.js';

/** One session, or one subscription of it, that listens to a large room or channel. */
export class RoomWatch {
  readonly room: RoomKey;
  readonly user: UserKey;
  readonly out: Sink;
  /** Listened to because the open feed's user is a member; ends with either. */
  byFeed = false;
  /** Listened to because it was asked for: room.subscribe or the dialect. */
  byCall = false;
  /**
   * - `opening`: the answer is not out. `behind`: reads the log. `held`: waits for an answer
   *   (trap 5). `live`: hears what everybody hears.
   */
  phase: 'opening' | 'behind' | 'held' | 'live' | 'closed' = 'opening';
  reading = false;
  epoch = '';
  /** The last entry that it was sent; while live the topic's place counts. */
  at = 0;

  constructor(room: RoomKey, user: UserKey, out: Sink) {
    this.room = room;
    this.user = user;
    this.out = out;
  }
}

/** One large room or channel that somebody on this node listens to. */
export class Topic {
  readonly room: RoomKey;
  readonly name: string;
  epoch = '';
  /** The last entry that was handed on to those who are live. */
  seq = 0;
  /** The newest entry that is known to exist. */
  seen = 0;
  live = false;
  reading = false;
  readonly watches = new Set<RoomWatch>();
  /** Live ones that get frames of their own: subscriptions of the dialect. */
  readonly wrapped = new Set<RoomWatch>();
  joined: Promise<void> = Promise.resolve();

  constructor(room: RoomKey) {
    this.room = room;
    this.name = `room\0${room}`;
  }
}
