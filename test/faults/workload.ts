import { Actor } from './actor.js';
import type { Event, FinalRoom, HistoryMessage, Record } from './record.js';

export interface WorkloadOptions {
  /** Where nodes are now; each connection asks again, so that a node may move. */
  readonly urls: () => readonly string[];
  readonly clients: number;
  readonly rooms: number;
  /** Members of a room. */
  readonly members: number;
  /** Repeats the same choices; print it. */
  readonly seed: number;
}

/** Small, seeded and good enough to choose with (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of so many sends the connection breaks before the answer. */
const cutChance = 0.01;

/** Clients that talk in rooms, each sending its next message when the last was acknowledged. */
export class Workload {
  readonly #events: Event[] = [];
  readonly #actors: Actor[];
  readonly #rooms = new Map<string, Actor[]>();
  readonly #next: () => number;
  readonly #seen = new Set<string>();
  #counted = 0;
  #sent = 0;
  #acknowledged = 0;
  #stop = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(readonly options: WorkloadOptions) {
    this.#next = random(options.seed);
    this.#actors = Array.from({ length: options.clients }, (_, n) => {
      const url = () => {
        const urls = options.urls();
        return urls[Math.floor(this.#next() * urls.length)] ?? '';
      };
      return new Actor(`u${n}`, url, this.#events);
    });
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Signs everybody in and makes the rooms. */
  async begin(): Promise<void> {
    await Promise.all(this.#actors.map((actor) => actor.connected()));
    for (let n = 0; n < this.options.rooms; n++) {
      const room = `room ${this.options.seed}-${n}`;
      const start = Math.floor(this.#next() * this.#actors.length);
      const members = Array.from({ length: this.options.members }, (_, k) =>
        this.#actors[(start + k) % this.#actors.length]).filter((one) => one !== undefined);
      const [owner, ...others] = members;
      const made = await owner?.call('room.create', {
        room, members: others.map(({ user }) => user), key: `create ${n}`,
      });
      if (typeof made === 'number') throw new Error(`room.create answered ${made}`);
      this.#rooms.set(room, members);
    }
    this.#running = Promise.all([...this.#rooms].flatMap(([room, members]) =>
      members.map((actor) => this.#talk(actor, room))));
  }

  async #talk(actor: Actor, room: string): Promise<void> {
    while (!this.#stop) {
      const key = `${actor.user} ${this.options.seed}-${++this.#sent}`;
      await actor.send(room, key, this.#next() < cutChance);
      this.#acknowledged++;
    }
  }

  /** Resolves when `count` more messages have been acknowledged than now. */
  async more(count: number): Promise<void> {
    const enough = this.#acknowledged + count;
    while (this.#acknowledged < enough) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /**
   * Stops sending, waits until every feed holds what the logs hold, and reads all of it.
   * @param patienceMs how long feeds may take to catch up; what is missing then is a gap
   * @param last what happens at the moment of the last acknowledgement, before the silence
   */
  async end(patienceMs = 20_000, last = () => Promise.resolve()): Promise<Record> {
    this.#stop = true;
    await this.#running;
    await last();
    const rooms: FinalRoom[] = [];
    for (const [room, members] of this.#rooms) {
      const [owner] = members;
      if (owner !== undefined) rooms.push(await this.#read(owner, room, members));
    }
    const until = performance.now() + patienceMs;
    while (performance.now() < until && !this.#caughtUp(rooms)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const actor of this.#actors) actor.stop();
    return { events: this.#events, rooms };
  }

  async #read(owner: Actor, room: string, members: readonly Actor[]): Promise<FinalRoom> {
    const messages: HistoryMessage[] = [];
    let epoch = '';
    for (let after = 0, more = true; more;) {
      const page = await owner.call('message.history', { room, after, limit: 500 });
      if (typeof page === 'number') throw new Error(`message.history answered ${page}`);
      const list = page['messages'] as { seq: number; text: string }[];
      messages.push(...list.map(({ seq, text }) => ({ seq, text })));
      epoch = String(page['epoch']);
      more = page['more'] === true;
      after = messages.at(-1)?.seq ?? after;
    }
    return { room, epoch, members: members.map(({ user }) => user), messages };
  }

  #caughtUp(rooms: readonly FinalRoom[]): boolean {
    for (; this.#counted < this.#events.length; this.#counted++) {
      const event = this.#events[this.#counted];
      if (event?.kind !== 'saw') continue;
      this.#seen.add(`${event.client} ${event.room} ${event.epoch} ${event.seq}`);
    }
    return rooms.every(({ room, epoch, members, messages }) => members.every((member) =>
      messages.every(({ seq }) => this.#seen.has(`${member} ${room} ${epoch} ${seq}`))));
  }
}
