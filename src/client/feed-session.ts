import { code } from '../rpc/errors.js';
import { fullJitterMs, type Random } from './backoff.js';
import { pause, type Clock } from './clock.js';
import { CallError } from './errors.js';
import type { FeedTracker } from './feed.js';
import { isRecord } from './json.js';
import { LostError, type Link } from './link.js';

/** The feed can't go on from where it was: begin again from this state. */
export interface FeedReset {
  /** The room that could not go on; absent when it is the whole feed. */
  readonly room?: string;
  /** What to start from when it is the feed: the first page of the room list, with unread. */
  readonly state?: unknown;
}

export interface FeedPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** An event that the application has not seen. */
  event(method: string, params: Readonly<Record<string, unknown>>): void;
  reset(reset: FeedReset): void;
  /** This link is of no use any more: its token has expired, or it is silent. */
  reconnect(link: Link): void;
}

/** Long enough to be rare, and within what `feed.read` allows. */
const pollWaitMs = 25_000;
/** How much later than that an answer may come before the way counts as dead. */
const pollGraceMs = 10_000;
/** Against a server that answers a long poll at once with nothing. */
const emptyPauseMs = 250;
/** Openings in a row that may each find rooms to be asked for by position. */
const openRounds = 3;

/** Keeps the feed open on whatever link there is, and every event in its place (G4, G5). */
export class FeedSession {
  readonly #tracker: FeedTracker;
  readonly #ports: FeedPorts;
  #reopening: Link | undefined;

  constructor(tracker: FeedTracker, ports: FeedPorts) {
    this.#tracker = tracker;
    this.#ports = ports;
  }

  /**
   * The cursor that an event stream must begin after: taken before it opens, so that nothing can
   * fall between.
   */
  async before(link: Link, signal: AbortSignal): Promise<string | undefined> {
    if (this.#tracker.cursor === undefined) {
      this.#answered(await link.request('feed.read', {}, { ordered: false, signal }));
    }
    return this.#tracker.cursor;
  }

  /** Opens the feed where it was left, before the application may call. */
  async open(link: Link, signal: AbortSignal): Promise<void> {
    this.#reopening = undefined;
    if (link.kind === 'poll') {
      await this.before(link, signal);
      void this.#poll(link);
      // The stream itself goes on from the cursor; only rooms outside the feed are asked for.
    } else if (link.kind === 'websocket' || Object.keys(this.#tracker.rooms).length > 0) {
      await this.#openPushed(link, signal);
    }
  }

  /** Takes a notification: delivers it, or knows it already, or asks for what came before it. */
  received(link: Link, method: string, params: Readonly<Record<string, unknown>>): void {
    if (method === 'feed.reset') {
      if (typeof params['cursor'] === 'string') this.#tracker.reset(params['cursor']);
      this.#ports.reset({ state: params['state'] });
      return;
    }
    switch (this.#tracker.accept(method, params)) {
      case 'deliver':
        return this.#ports.event(method, params);
      case 'gap':
        return this.#reopen(link);
      case 'duplicate':
    }
  }

  async #openPushed(link: Link, signal?: AbortSignal): Promise<void> {
    for (let round = 0; round < openRounds; round += 1) {
      let again = false;
      await link.request('feed.open', this.#where(), {
        ...(signal === undefined ? {} : { signal }),
        arrived: (answer) => {
          again = this.#answered(answer);
        },
      });
      // Asked again by position, the server replays what was missed outside the feed.
      if (!again) return;
    }
  }

  /** Events of a large room are missing: reads on from the last one that was delivered (G5). */
  #reopen(link: Link): void {
    if (this.#reopening === link) return;
    this.#reopening = link;
    const settled = (): void => {
      if (this.#reopening === link) this.#reopening = undefined;
    };
    // What fails here leaves the position where it is: the next event finds the gap again.
    this.#openPushed(link).then(settled, settled);
  }

  #where(): { since?: string; rooms?: object } {
    const { cursor, rooms } = this.#tracker;
    return {
      ...(cursor === undefined ? {} : { since: cursor }),
      ...(Object.keys(rooms).length === 0 ? {} : { rooms }),
    };
  }

  /** Takes the answer of `feed.open` or `feed.read`: whether it must be asked again. */
  #answered(answer: unknown): boolean {
    if (!isRecord(answer) || typeof answer['cursor'] !== 'string') return false;
    if (answer['recovered'] === false) {
      this.#tracker.reset(answer['cursor']);
      this.#ports.reset({ state: answer['state'] });
    } else {
      this.#tracker.opened(answer['cursor']);
    }
    return this.#heads(answer['rooms']);
  }

  #heads(heads: unknown): boolean {
    const { missed, lost } = this.#tracker.heads(heads);
    for (const room of lost) this.#ports.reset({ room });
    return missed.length > 0;
  }

  /** Never rejects: ends with its link. */
  async #poll(link: Link): Promise<void> {
    const { clock, random } = this.#ports;
    const forever = new AbortController().signal;
    for (let failures = 0; !link.over;) {
      const late = new AbortController();
      const cancel = clock.after(pollWaitMs + pollGraceMs, () => late.abort());
      try {
        const wait = { ...this.#where(), waitMs: pollWaitMs };
        const options = { ordered: false, signal: late.signal };
        const answer = await link.request('feed.read', wait, options);
        failures = 0;
        if (!await this.#page(link, answer)) await pause(clock, emptyPauseMs, forever);
      } catch (fault) {
        if (fault instanceof LostError) return;
        const expired = fault instanceof CallError && fault.code === code.unauthenticated;
        if (expired || late.signal.aborted) return this.#ports.reconnect(link);
        await pause(clock, fullJitterMs(failures, 500, 20_000, random), forever);
        failures += 1;
      } finally {
        cancel();
      }
    }
  }

  /** Delivers one page; answers whether there is reason to ask again at once. */
  async #page(link: Link, answer: unknown): Promise<boolean> {
    if (!isRecord(answer)) return false;
    if (answer['recovered'] === false) {
      // Pulled pages carry no state: it is asked for before the application is told.
      const state = answer['state'] ?? await link.request('room.list', {});
      this.#answered({ ...answer, state });
    } else {
      this.#heads(answer['rooms']);
    }
    const events = Array.isArray(answer['events']) ? answer['events'] : [];
    for (const event of events) {
      if (!isRecord(event) || typeof event['method'] !== 'string') continue;
      this.received(link, event['method'], isRecord(event['params']) ? event['params'] : {});
    }
    return events.length > 0 || answer['more'] === true;
  }
}
