import { build, type Histogram } from 'hdr-histogram-js';
import { RawSocket, textFrame } from './raw-socket.js';

// A load generator in a process of its own for dialogs of two over two nodes: connection 2p is on
// the first node, its partner 2p + 1 on the second. Each message carries its number, so that its
// answer and its delivery to the partner are known apart from all others. In each dialog one writes
// at a time: in even ones the member on the first node, in odd ones the other. See pairs.ts.

export interface PairsOpening {
  readonly kind: 'open';
  readonly urls: readonly [string, string];
  readonly pairs: number;
  readonly dialect: 'json-rpc' | 'socket.io';
}

export type PairsWork = {
  readonly kind: 'work';
  readonly durationMs: number;
  /** Messages a second by the clock, whatever comes back; 0: each writer two at a time. */
  readonly perSecond: number;
};

export interface PairsDone {
  readonly operations: number;
  readonly deliveries: number;
  readonly errors: number;
  readonly wallSeconds: number;
  /** From when a message was due to its delivery at the partner. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ackP99Ms: number;
}

const firstNumber = 10_000_000;
const digits = String(firstNumber).length;
const enginePong = textFrame('3');
const text = (mark: string) => `#${mark}# A hundred bytes of text, as in a message that somebody `
  + 'types while on the phone to a customer.';

/** A frame with room for a message's number, in its id and in its text. */
class Template {
  readonly #frame: Buffer;
  readonly #places: number[] = [];

  constructor(make: (mark: string) => string) {
    const mark = String(firstNumber);
    this.#frame = textFrame(make(mark));
    for (let at = this.#frame.indexOf(mark); at >= 0; at = this.#frame.indexOf(mark, at + 1)) {
      this.#places.push(at);
    }
  }

  with(number: number): Buffer {
    const frame = Buffer.from(this.#frame);
    for (const at of this.#places) frame.write(String(number), at, 'latin1');
    return frame;
  }
}

interface Dialect {
  readonly headers: (user: string) => Readonly<Record<string, string>>;
  /** Brings a connection to where it can send; resolves to its frames. */
  prepare(index: number): Promise<Template>;
  /** The number of the message that this answers; NaN for what answers none. */
  answered(payload: Buffer): number;
  readonly failed: string;
  readonly event: string;
}

const sockets: RawSocket[] = [];
let onFrame: (socket: number, payload: Buffer) => void = () => undefined;
const waiting = new Map<number, (payload: string) => void>();
let lost = 0;

const user = (index: number) => `user${index}`;
const partner = (index: number) => index ^ 1;
const writerOf = (pair: number) => 2 * pair + pair % 2;
/** Messages of one writer under way in a closed loop. */
const window = 2;

/** Writes and waits for the first frame that holds a word. */
function ask(index: number, frame: string, has: string): Promise<string> {
  return new Promise((resolve, reject) => {
    waiting.set(index, (payload) => {
      if (payload.includes('"error"')) reject(new Error(payload));
      if (!payload.includes(has)) return;
      waiting.delete(index);
      resolve(payload);
    });
    sockets[index]?.write(textFrame(frame));
  });
}

const numberAt = (payload: Buffer, at: number): number =>
  Number(payload.toString('latin1', at, at + digits));

const call = (id: number | string, method: string, params: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });
/** A number stands without quotes where it is an id. */
const bare = (frame: string, mark: string) => frame.replace(`"id":"${mark}"`, `"id":${mark}`);

const dialects: Readonly<Record<PairsOpening['dialect'], Dialect>> = {
  'json-rpc': {
    headers: (name) => ({ authorization: `Bearer ${name}` }),
    failed: '"error"',
    event: '"message.created"',
    async prepare(index) {
      const { result } = JSON.parse(await ask(index, call(
        1, 'room.direct', { user: user(partner(index)) }), '"id":1')) as {
        result: { room: string };
      };
      await ask(index, call(2, 'feed.open', {}), '"id":2');
      return new Template((mark) => bare(
        call(mark, 'message.send', { room: result.room, text: text(mark) }), mark));
    },
    answered(payload) {
      if (!payload.includes('"id":')) return NaN;
      return numberAt(payload, payload.indexOf('"id":') + 5);
    },
  },
  'socket.io': {
    headers: () => ({}),
    failed: '44{',
    event: '42["message"',
    async prepare(index) {
      const room = `dialog${index >> 1}`;
      await ask(index, '40', '40{');
      await ask(index, `421["join","${room}"]`, '431[');
      return new Template((mark) => `42${mark}["send",${JSON.stringify({
        room, to: user(partner(index)), text: text(mark),
      })}]`);
    },
    answered: (payload) => (payload.toString('latin1', 0, 2) === '43' ? numberAt(payload, 2) : NaN),
  },
};

let dialect: Dialect = dialects['json-rpc'];
const templates: Template[] = [];

async function open(order: PairsOpening): Promise<PairsOpened> {
  dialect = dialects[order.dialect];
  const indexes = Array.from({ length: order.pairs * 2 }, (_, index) => index);
  onFrame = (index, payload) => waiting.get(index)?.(payload.toString());
  for (let first = 0; first < indexes.length; first += 50) {
    await Promise.all(indexes.slice(first, first + 50).map(async (index) => {
      const url = order.urls[index % 2] ?? '';
      sockets[index] = await RawSocket.open(url, dialect.headers(user(index)), {
        frame(payload) {
          // Engine.IO's own ping: one character, answered by another.
          if (payload.length === 1) sockets[index]?.write(enginePong);
          else onFrame(index, payload);
        },
        closed: () => lost++,
      });
      templates[index] = await dialect.prepare(index);
    }));
  }
  return { opened: sockets.length };
}

export interface PairsOpened {
  readonly opened: number;
}

/** What comes late is still waited for, so long; what has not come then is an error. */
const graceMs = 5_000;

class Run {
  readonly #work: PairsWork;
  readonly #start = performance.now();
  readonly #dueMs: number[] = [];
  readonly #senders: number[] = [];
  readonly #delivered = build({ numberOfSignificantValueDigits: 3 });
  readonly #answered = build({ numberOfSignificantValueDigits: 3 });
  #answers = 0;
  #arrived = 0;
  #deliveries = 0;
  #errors = 0;
  #finish: () => void = () => undefined;

  constructor(work: PairsWork) {
    this.#work = work;
  }

  async run(): Promise<PairsDone> {
    const { durationMs, perSecond } = this.#work;
    const ended = new Promise<void>((resolve) => { this.#finish = resolve; });
    onFrame = (index, payload) => this.#take(index, payload);
    if (perSecond === 0) {
      for (let n = 0; n < window * sockets.length / 2; n++) {
        this.#send(writerOf(n % (sockets.length / 2)), performance.now());
      }
    } else {
      this.#pace(perSecond);
    }
    const late = setTimeout(() => this.#finish(), durationMs + graceMs);
    await ended;
    clearTimeout(late);
    onFrame = () => undefined;
    const missing = 2 * this.#dueMs.length - this.#answers - this.#arrived;
    return {
      operations: this.#answers, deliveries: this.#deliveries,
      errors: this.#errors + lost + missing,
      wallSeconds: (performance.now() - this.#start) / 1000,
      p50Ms: this.#percentile(this.#delivered, 50), p99Ms: this.#percentile(this.#delivered, 99),
      ackP99Ms: this.#percentile(this.#answered, 99),
    };
  }

  #percentile(histogram: Histogram, percent: number): number {
    return histogram.getValueAtPercentile(percent) / 1000;
  }

  get #over(): boolean {
    return performance.now() - this.#start >= this.#work.durationMs;
  }

  /** Open loop: what is due is sent, however late the answers to what was sent before. */
  #pace(perSecond: number): void {
    let sent = 0;
    const tick = () => {
      const until = Math.min(performance.now() - this.#start, this.#work.durationMs);
      for (; sent < until * perSecond / 1000; sent++) {
        this.#send(writerOf(sent % (sockets.length / 2)), this.#start + sent * 1000 / perSecond);
      }
      if (!this.#over) setTimeout(tick, 1);
      else this.#endWhenAllCame();
    };
    tick();
  }

  #send(index: number, dueMs: number): void {
    const number = firstNumber + this.#dueMs.length;
    this.#dueMs.push(dueMs);
    this.#senders.push(index);
    sockets[index]?.write(templates[index]?.with(number) ?? Buffer.alloc(0));
  }

  #take(index: number, payload: Buffer): void {
    if (payload.includes(dialect.failed)) this.#errors++;
    if (payload.includes(dialect.event)) {
      this.#deliveries++;
      const n = numberAt(payload, payload.indexOf('#') + 1) - firstNumber;
      if (this.#senders[n] === partner(index)) {
        this.#arrived++;
        this.#record(this.#delivered, n);
      }
    } else {
      const n = dialect.answered(payload) - firstNumber;
      if (Number.isNaN(n)) return;
      this.#answers++;
      this.#record(this.#answered, n);
      if (this.#work.perSecond === 0 && !this.#over) this.#send(index, performance.now());
    }
    if (this.#over) this.#endWhenAllCame();
  }

  #record(histogram: Histogram, n: number): void {
    const waitedMs = performance.now() - (this.#dueMs[n] ?? NaN);
    histogram.recordValue(Math.max(1, Math.round(waitedMs * 1000)));
  }

  #endWhenAllCame(): void {
    const all = this.#dueMs.length;
    // Each message comes to both members of its dialog.
    if (this.#answers >= all && this.#deliveries >= 2 * all) this.#finish();
  }
}

process.on('message', (order: PairsOpening | PairsWork) => {
  const done: Promise<PairsOpened | PairsDone> = order.kind === 'open'
    ? open(order) : new Run(order).run();
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.send?.({ failed: String(error) });
      process.exit(1);
    },
  );
});
