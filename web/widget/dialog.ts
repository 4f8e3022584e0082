import type { Client, ChatMethods, ResultOf } from '../../src/client/index.js';
import { newKey } from './format.js';
import type { Reads } from './kept.js';
import { broadcast } from './people.js';

export type Message =
  ResultOf<ChatMethods, 'message.history'>['messages'][number];

/** A message on its way. */
export interface Pending {
  readonly key: string;
  readonly text: string;
  readonly at: number;
  failed: boolean;
  /** To how many of a group it went. */
  came?: { readonly sent: number; readonly skipped: number };
}

/** Whom one writes to: a user, a room, or a mailing group. */
interface Place {
  readonly user: string | undefined;
  readonly room: string | undefined;
  readonly group: string | undefined;
}

const pageSize = 40;
const typingShownMs = 5_000;
const typingEveryMs = 3_000;

/** One conversation: what is known of its log, what is on its way, who reads and who writes. */
export class Dialog {
  /** Absent until the first message of two people who have not talked. */
  room: string | undefined;
  readonly messages: Message[] = [];
  pending: Pending[] = [];
  draft = '';
  more = true;
  typist: string | undefined;
  readonly #reads: Reads;
  readonly #client: Client;
  readonly #place: Place;
  readonly #changed: () => void;
  #loading = false;
  #typedAt = 0;
  #readSent = 0;
  #typingEnds: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: Client, place: Place, reads: Reads, changed: () => void,
  ) {
    this.#client = client;
    this.#changed = changed;
    this.#place = place;
    this.room = place.room;
    this.#reads = reads;
  }

  /** Reads a page back from what is shown. */
  async older(): Promise<void> {
    const { room, messages } = this;
    if (room === undefined || this.#loading || !this.more) return;
    this.#loading = true;
    const before = messages[0]?.seq;
    try {
      const page = await this.#client.call('message.history', {
        room, limit: pageSize, ...before !== undefined && { before },
      });
      for (const message of page.messages) this.add(message);
      this.more = page.more;
    } catch {
      // Nothing older is kept, or there is no connection: scrolling asks again.
    }
    this.#loading = false;
    this.#changed();
  }

  /** The log went on elsewhere: what is shown may have a hole. */
  async restart(): Promise<void> {
    this.messages.length = 0;
    this.more = true;
    await this.older();
  }

  add(message: Message): void {
    const { messages } = this;
    this.pending = this.pending.filter(({ key }) => key !== message.key);
    if (this.typist === message.from) this.typist = undefined;
    // Writing moves the writer's own position.
    this.readTo(message.from, message.seq);
    const place = messages.findLastIndex(({ seq }) => seq <= message.seq);
    if (messages[place]?.seq === message.seq) messages[place] = message;
    else messages.splice(place + 1, 0, message);
  }

  change(target: number, change: Partial<Message>): void {
    const place = this.messages.findIndex(({ seq }) => seq === target);
    const before = this.messages[place];
    if (before !== undefined) this.messages[place] = { ...before, ...change };
  }

  readTo(user: string, seq: number): void {
    this.#reads[user] = Math.max(seq, this.#reads[user] ?? 0);
  }

  /** Whether somebody beside its author has read it. */
  isRead({ seq, from }: Message): boolean {
    return Object.entries(this.#reads).some(([user, read]) => user !== from && read >= seq);
  }

  /** It is before the reader's eyes. */
  seen(): void {
    const last = this.messages.at(-1)?.seq ?? 0;
    if (this.room === undefined || last <= this.#readSent) return;
    this.#readSent = last;
    this.#client.call('message.read', { room: this.room, seq: last })
      .catch(() => { this.#readSent = 0; });
  }

  async send(text: string): Promise<void> {
    const pending: Pending = { key: newKey(), text, at: Date.now(), failed: false };
    this.pending.push(pending);
    await this.again(pending);
  }

  /** Sends, or sends again under the same key: it is taken once (G3). */
  async again(pending: Pending): Promise<void> {
    pending.failed = false;
    this.#changed();
    try {
      const { key, text } = pending;
      const { group, user = '' } = this.#place;
      if (group !== undefined) {
        pending.came = await broadcast(this.#client, { group, text, key });
        return this.#changed();
      }
      this.room ??= (await this.#client.call('room.direct', { user })).room;
      const { room } = this;
      const { seq, epoch, at } = await this.#client.call('message.send', { room, text, key });
      const from = this.#client.session?.user ?? '';
      this.add({ room, seq, epoch, at, from, text, key });
    } catch {
      pending.failed = true;
    }
    this.#changed();
  }

  typing(): void {
    const now = performance.now();
    const lately = this.#typedAt > 0 && now - this.#typedAt < typingEveryMs;
    if (this.room === undefined || lately) return;
    this.#typedAt = now;
    this.#client.notify('message.typing', { room: this.room });
  }

  typed(user: string): void {
    this.typist = user;
    clearTimeout(this.#typingEnds);
    this.#typingEnds = setTimeout(() => {
      this.typist = undefined;
      this.#changed();
    }, typingShownMs);
  }
}
