import { WebSocket } from 'ws';
import type { Event } from './record.js';

interface Answer {
  readonly result?: { [name: string]: unknown };
  readonly error?: { code: number; data?: { reason?: string; retryAfterMs?: number } };
}

/** Codes after which the outcome is open or a second try may do: the same key goes out again. */
const retried = new Set([-32002, -32009, 429]);

/**
 * A client of a workload: one user with one connection, which it makes again whenever it is lost,
 * resuming its feed. Written against the protocol and not on ringpost/client, so that a fault of
 * one can't hide a fault of the other.
 */
export class Actor {
  readonly events: Event[];
  readonly #pending = new Map<number, (answer: Answer | undefined) => void>();
  #socket: WebSocket | undefined;
  #ready: Promise<void> | undefined;
  #cursor: string | undefined;
  #id = 0;
  #stopped = false;
  /** Times that the connection was made. */
  connections = 0;

  /**
   * @param url the server's, chosen anew for each connection
   * @param events where it writes what it does and sees
   */
  constructor(readonly user: string, readonly url: () => string, events: Event[]) {
    this.events = events;
  }

  /** Resolves once the feed is open, however many tries that takes. */
  connected(): Promise<void> {
    this.#ready ??= this.#connect();
    return this.#ready;
  }

  async #connect(): Promise<void> {
    while (!this.#stopped) {
      if (await this.#open()) {
        const since = this.#cursor === undefined ? {} : { since: this.#cursor };
        const answer = await this.#ask('feed.open', since);
        const cursor = answer?.result?.['cursor'];
        if (typeof cursor === 'string') {
          if (answer?.result?.['recovered'] === false) {
            this.events.push({ kind: 'reset', client: this.user });
          }
          this.#cursor = cursor;
          this.connections++;
          return;
        }
        this.#socket?.terminate();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #open(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.url().replace(/^http/, 'ws'), {
        headers: { authorization: `Bearer ${this.user}` },
      });
      this.#socket = socket;
      socket.on('open', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('message', (data: Buffer) => this.#received(data.toString()));
      socket.on('close', () => {
        resolve(false);
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        this.#ready = undefined;
        for (const lost of this.#pending.values()) lost(undefined);
        this.#pending.clear();
        if (!this.#stopped) void this.connected();
      });
    });
  }

  #received(text: string): void {
    const message = JSON.parse(text) as Answer & {
      id?: number; method?: string; params?: { [name: string]: unknown };
    };
    if (message.id !== undefined) {
      this.#pending.get(message.id)?.(message);
      this.#pending.delete(message.id);
      return;
    }
    const { method, params = {} } = message;
    if (typeof params['cursor'] === 'string') this.#cursor = params['cursor'];
    if (method !== 'message.created') return;
    const { room, seq, epoch, text: body } = params;
    this.events.push({
      kind: 'saw', client: this.user, room: String(room), seq: Number(seq),
      epoch: String(epoch), text: String(body),
    });
  }

  #ask(method: string, params: object): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const id = ++this.#id;
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        resolve(undefined);
        return;
      }
      this.#pending.set(id, resolve);
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /**
   * A call that is made again, after a lost answer too, until it is answered.
   * @returns its result, or the code it was refused with
   */
  async call(method: string, params: object): Promise<{ [name: string]: unknown } | number> {
    for (;;) {
      await this.connected();
      if (this.#stopped) throw new Error(`${this.user} was stopped during ${method}`);
      const answer = await this.#ask(method, params);
      if (answer?.result !== undefined) return answer.result;
      const code = answer?.error?.code;
      if (code !== undefined && !retried.has(code)) return code;
      const wait = answer?.error?.data?.retryAfterMs ?? 10;
      await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 200)));
    }
  }

  /** Sends one message whose text is its key, and writes down how it went. */
  async send(room: string, key: string): Promise<void> {
    this.events.push({ kind: 'send', client: this.user, room, key });
    const answer = await this.call('message.send', { room, text: key, key });
    if (typeof answer === 'number') {
      this.events.push({ kind: 'refused', client: this.user, room, key, code: answer });
      return;
    }
    const { seq, epoch } = answer;
    this.events.push({
      kind: 'ack', client: this.user, room, key, seq: Number(seq), epoch: String(epoch),
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }
}
