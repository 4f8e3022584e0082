import type { Clock } from '../base/clock.js';
import { roomKey, userKey } from '../base/ids.js';
import type { Logger } from '../base/log.js';
import type { Broadcast, GroupStore } from '../store/groups.js';
import type { AppendOp, CallKey } from '../store/rooms.js';
import type { UserStore } from '../store/users.js';
import type { RoomLanes, Settled } from './chat.js';
import { directRoomId } from './direct.js';

export interface MailingParts {
  readonly groups: GroupStore;
  readonly users: Pick<UserStore, 'many'>;
  readonly lanes: Pick<RoomLanes, 'submit'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Members between two notes of how far it is; of these so many are written to at once. */
const pageSize = 96;
const atOnce = 16;
/** One that did not come on for so long has lost its node. */
const stalledMs = 10_000;
/** How long one that is done is known under its key: as long as other calls are. */
const keptMs = 24 * 60 * 60 * 1_000;
const lookMs = 5_000;

/** The message of a broadcast to one member, the same call however often it is made (G3). */
const callOf = (broadcast: Broadcast, what: 'room' | 'text'): CallKey =>
  // No caller's key holds a control character: nobody else's call is taken for this one.
  ({ key: `\u0001${broadcast.id}.${what}`, digest: broadcast.id, given: false });

/**
 * Writes to all members of a group, one direct message each. How far it came is kept after each
 * page, and what a page did twice is one message by its keys: a retry, or another node after this
 * one's death, goes on where it was.
 */
export class Mailing {
  readonly #parts: MailingParts;
  readonly #running = new Map<string, Promise<Broadcast>>();
  #cancel = (): void => undefined;
  #stopped = false;

  constructor(parts: MailingParts) {
    this.#parts = parts;
  }

  /** Looks after broadcasts whose node died, from now on. */
  start(): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.clock.after(lookMs, () => {
      this.sweep().catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, 'broadcasts could not be looked after'))
        .finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Goes on with a broadcast; once at a time on this node. Resolves when it is done. */
  drive(broadcast: Broadcast): Promise<Broadcast> {
    const name = `${broadcast.tenant}\0${broadcast.id}`;
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const run = this.#drive(broadcast).finally(() => this.#running.delete(name));
    this.#running.set(name, run);
    return run;
  }

  /** Goes on with those that stand still, and forgets those long done. */
  async sweep(): Promise<void> {
    const { groups, clock } = this.#parts;
    for (const broadcast of await groups.broadcasts(1_000)) {
      const age = clock.now() - broadcast.touchedAt;
      if (broadcast.done && age > keptMs) await groups.forget(broadcast);
      else if (!broadcast.done && age > stalledMs) await this.drive(broadcast);
    }
  }

  async #drive(begun: Broadcast): Promise<Broadcast> {
    const { groups, clock } = this.#parts;
    let now = begun;
    while (!now.done && !this.#stopped) {
      const members = await groups.members(now.tenant, now.group, now.after, pageSize);
      const sent = await this.#page(now, members);
      const next: Broadcast = {
        ...now,
        after: members.at(-1) ?? now.after,
        sent: now.sent + sent,
        skipped: now.skipped + members.length - sent,
        touchedAt: clock.now(),
        done: members.length < pageSize,
      };
      // Another node came on with it: from there, or nobody would be counted right.
      now = await groups.advance(now, next) ? next : await groups.begin(now);
      // Other calls have their turn between two pages.
      await new Promise<void>((resolve) => { setImmediate(resolve); });
    }
    return now;
  }

  /** @returns how many of these were written to */
  async #page(broadcast: Broadcast, members: readonly string[]): Promise<number> {
    const { tenant, by } = broadcast;
    const profiles = await this.#parts.users.many(members.map((user) => userKey(tenant, user)));
    const reached = members.filter((user, index) => {
      const profile = profiles[index];
      return user !== by && profile?.active !== false && profile?.blocked !== true;
    });
    for (let from = 0; from < reached.length; from += atOnce) {
      await Promise.all(reached.slice(from, from + atOnce)
        .map((user) => this.#write(broadcast, user)));
    }
    return reached.length;
  }

  async #write(broadcast: Broadcast, user: string): Promise<void> {
    const { tenant, by, text } = broadcast;
    const room = roomKey(tenant, directRoomId(by, user));
    const at = this.#parts.clock.now();
    const submit = (what: 'room' | 'text', op: (version: number) => AppendOp): Promise<Settled> =>
      this.#parts.lanes.submit(room, by, (view) => op(view?.head.version ?? 0),
        () => undefined, callOf(broadcast, what));
    const message = (): Promise<Settled> => submit('text', (expect) => ({
      kind: 'message', by, at, call: callOf(broadcast, 'text'), expect, text,
    }));
    // Most dialogs are there: only where one is missing is it made.
    const first = await message();
    if (first.status !== 'missing') return;
    await submit('room', (expect) => ({
      kind: 'create', by, at, call: callOf(broadcast, 'room'), expect, room: 'direct',
      members: [by, user],
    }));
    const { status } = await message();
    if (status !== 'ok' && status !== 'duplicate') throw new Error(`a dialog answered ${status}`);
  }
}
