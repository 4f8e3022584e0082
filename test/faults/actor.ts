import { WebSocket } from 'ws';
import type { Event } from './record.js';

interface Answer {
  readonly result?: { [name: string]: unknown };
  readonly error?: { code: number; data?: { reason?: string; retryAfterMs?: number } };
}

/** Codes after which the outcome is open or a second try may do: the same key goes out again. */
const retried = new Set([-32002, -32009, 429]);

/** Without an answer for so long a connection is given up. */
const patienceMs = 5_000;

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
  #opening = false;
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
  async connected(): Promise<void> {
    if (this.#ready === undefined) this.#reconnect();
    await this.#ready;
  }

  /** One loop at a time: a socket that is lost before its feed is open goes on in the same one. */
  async #connect(): Promise<void> {
    while (!this.#stopped) {
      if (await this.#open()) {
        const since = this.#cursor === undefined ? {} : { since: this.#cursor };
        const answer = await this.#ask('feed.open', since, (opened) => this.#opened(opened));
        if (answer?.result !== undefined && this.#socket !== undefined) {
          this.connections++;
          return;
        }
        this.#lose();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #open(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.url().replace(/^http/, 'ws'), {
        headers: { authorization: `Bearer ${this.user}` }, handshakeTimeout: patienceMs,
      });
      this.#socket = socket;
      let isOpen = false;
      socket.on('open', () => { isOpen = true; resolve(true); });
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        if (this.#socket === socket) this.#received(data.toString());
      });
      socket.on('close', () => {
        resolve(false);
        if (this.#socket === socket && isOpen) this.#lose();
      });
    });
  }

  /** Ends the present connection; whoever waits for an answer on it learns that none will come. */
  #lose(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.terminate();
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const tell of lost) tell(undefined);
    if (!this.#opening) this.#reconnect();
  }

  #reconnect(): void {
    if (this.#stopped) return;
    this.#opening = true;
    this.#ready = this.#connect().finally(() => {
      this.#opening = false;
      // Lost again between the answer and here.
      if (this.#socket === undefined) this.#reconnect();
    });
  }

  /** Before any event of the same chunk is looked at: what follows moves the cursor on. */
  #opened(answer: Answer): void {
    const cursor = answer.result?.['cursor'];
    if (typeof cursor !== 'string') return;
    const url = this.#socket?.url ?? '';
    this.events.push({ kind: 'opened', client: this.user, since: this.#cursor, url });
    if (answer.result?.['recovered'] === false) {
      this.events.push({ kind: 'reset', client: this.user });
    }
    this.#cursor = cursor;
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
    if (method === 'feed.reset') this.events.push({ kind: 'reset', client: this.user });
    if (method !== 'message.created') return;
    const { room, seq, epoch, text: body } = params;
    this.events.push({
      kind: 'saw', client: this.user, room: String(room), seq: Number(seq),
      epoch: String(epoch), text: String(body), cursor: this.#cursor,
    });
  }

  #ask(
    method: string, params: object, first: (answer: Answer) => void = () => undefined,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const id = ++this.#id;
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        resolve(undefined);
        return;
      }
      // A process that stands still closes nothing: whoever waits goes elsewhere.
      const timer = setTimeout(() => { if (this.#pending.has(id)) this.#lose(); }, patienceMs);
      this.#pending.set(id, (answer) => {
        clearTimeout(timer);
        if (answer !== undefined) first(answer);
        resolve(answer);
      });
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

  /**
   * Sends one message whose text is its key, and writes down how it went.
   * @param cut whether the connection breaks before the answer comes, so that it is sent again
   */
  async send(room: string, key: string, cut = false): Promise<void> {
    this.events.push({ kind: 'send', client: this.user, room, key });
    const answering = this.call('message.send', { room, text: key, key });
    if (cut) {
      await this.connected();
      this.#socket?.ping('', true, () => this.#lose());
    }
    const answer = await answering;
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
