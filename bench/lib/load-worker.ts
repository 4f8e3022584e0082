import { build } from 'hdr-histogram-js';
import { RawSocket, textFrame } from './raw-socket.js';

// A load generator in a process of its own: holds connections open, and works for as long as it
// is told to, round after round. Speaks with its parent by messages: see load.ts.

/**
 * Texts of all kinds are templates: `%n` is the number of the connection, `%h` half of it, so
 * that two neighbours share one, and `%i` an id that no other call in flight there has.
 */
export interface Opening {
  readonly kind: 'open';
  readonly url: string;
  readonly connections: number;
  /** Headers of each upgrade. */
  readonly headers: Readonly<Record<string, string>>;
  /** Frames sent once on every connection before work begins, each answered. */
  readonly prelude: readonly string[];
  readonly firstNumber: number;
  /** What a frame that answers holds; `"id":` for JSON-RPC. */
  readonly answerHas: string;
  /** The same for the prelude, where that is answered in another form. */
  readonly preludeHas?: string;
}

export type Work =
  /** Every connection calls, `window` calls at a time. */
  | { readonly kind: 'call'; readonly frame: string; readonly window: number;
    readonly durationMs: number; readonly callsPerFrame: number }
  /**
   * Open loop: calls leave at their times whatever became of those before, and a latency counts
   * from when its call was due (no coordinated omission).
   */
  | { readonly kind: 'paced'; readonly frame: string; readonly perSecond: number;
    readonly durationMs: number }
  /** The first connection sends; every frame that holds `has`, on any connection, is a delivery. */
  | { readonly kind: 'fanout'; readonly frame: string; readonly window: number;
    readonly durationMs: number; readonly has: string; readonly receivers: number };

export interface Done {
  readonly operations: number;
  readonly errors: number;
  readonly wallSeconds: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

const enginePong = textFrame('3');
const sockets: RawSocket[] = [];
let numbers: number[] = [];
let answerHas = Buffer.from('"id":');
let onFrame: (socket: number, payload: Buffer) => void = () => undefined;
let lost = 0;

/** Ids that a connection goes through: more than it has calls in flight. */
const ids = 64;

const filled = (text: string, n: number, id = 0): string => text.replaceAll('%n', String(n))
  .replaceAll('%h', String(n >> 1)).replaceAll('%i', String(id));

/** Frames of one text, made before the clock runs: the next one of a connection. */
function framesOf(text: string): (index: number) => Buffer {
  const each = text.includes('%i') ? ids : 1;
  const frames = numbers.map((n) => Array.from({ length: each },
    (_, id) => textFrame(filled(text, n, id))));
  const next = numbers.map(() => 0);
  return (index) => {
    const at = next[index] ?? 0;
    next[index] = (at + 1) % each;
    return frames[index]?.[at] ?? Buffer.alloc(0);
  };
}

async function open(order: Opening): Promise<void> {
  answerHas = Buffer.from(order.answerHas);
  numbers = Array.from({ length: order.connections }, (_, index) => order.firstNumber + index);
  for (let i = 0; i < order.connections; i += 50) {
    const batch = Array.from({ length: Math.min(50, order.connections - i) }, async (_, k) => {
      const index = i + k;
      const headers = Object.fromEntries(Object.entries(order.headers)
        .map(([name, value]) => [name, filled(value, numbers[index] ?? 0)]));
      sockets[index] = await RawSocket.open(order.url, headers, {
        frame(payload) {
          // Engine.IO's own ping: one character, answered by another.
          if (payload.length === 1) sockets[index]?.write(enginePong);
          else onFrame(index, payload);
        },
        closed: () => lost++,
      });
    });
    await Promise.all(batch);
  }
  const has = order.preludeHas ?? order.answerHas;
  for (const text of order.prelude) await prelude(text, has);
  onFrame = () => undefined;
}

function prelude(text: string, has: string): Promise<void> {
  const frames = framesOf(text);
  return new Promise((resolve, reject) => {
    const waiting = new Set(sockets.keys());
    onFrame = (index, payload) => {
      if (payload.includes('"error"')) reject(new Error(payload.toString()));
      if (payload.includes(has)) waiting.delete(index);
      if (waiting.size === 0) resolve();
    };
    sockets.forEach((socket, index) => socket.write(frames(index)));
  });
}

function call(work: Work & { kind: 'call' }): Promise<Done> {
  const frames = framesOf(work.frame);
  const start = performance.now();
  const end = start + work.durationMs;
  let operations = 0;
  let errors = 0;
  let open = sockets.length * work.window;
  return new Promise((resolve) => {
    onFrame = (index, payload) => {
      if (!payload.includes(answerHas)) return;
      if (payload.includes('"error"')) errors++;
      operations += work.callsPerFrame;
      if (performance.now() < end) {
        sockets[index]?.write(frames(index));
      } else if (--open === 0) {
        onFrame = () => undefined;
        const wallSeconds = (performance.now() - start) / 1000;
        resolve({ operations, errors: errors + lost, wallSeconds });
      }
    };
    sockets.forEach((socket, index) => {
      for (let i = 0; i < work.window; i++) socket.write(frames(index));
    });
  });
}

function paced(work: Work & { kind: 'paced' }): Promise<Done> {
  const frames = framesOf(work.frame);
  const everyMs = 1000 / work.perSecond;
  const calls = Math.floor(work.durationMs / everyMs);
  const histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  // When the calls out on each connection were due; their answers come in order.
  const due: number[][] = sockets.map(() => []);
  const start = performance.now();
  let sent = 0;
  let operations = 0;
  let errors = 0;
  return new Promise((resolve) => {
    onFrame = (index, payload) => {
      if (!payload.includes(answerHas)) return;
      if (payload.includes('"error"')) errors++;
      const at = due[index]?.shift() ?? start;
      histogram.recordValue(Math.max(1, Math.round((performance.now() - at) * 1000)));
      if (++operations < calls) return;
      onFrame = () => undefined;
      resolve({
        operations, errors: errors + lost, wallSeconds: (performance.now() - start) / 1000,
        p50Ms: histogram.getValueAtPercentile(50) / 1000,
        p99Ms: histogram.getValueAtPercentile(99) / 1000,
      });
    };
    const tick = () => {
      const nowMs = performance.now() - start;
      for (; sent < calls && sent * everyMs <= nowMs; sent++) {
        const index = sent % sockets.length;
        due[index]?.push(start + sent * everyMs);
        sockets[index]?.write(frames(index));
      }
      if (sent < calls) setTimeout(tick, 1);
    };
    tick();
  });
}

function fanout(work: Work & { kind: 'fanout' }): Promise<Done> {
  const frames = framesOf(work.frame);
  const start = performance.now();
  const end = start + work.durationMs;
  let delivered = 0;
  let sent = 0;
  let errors = 0;
  const has = Buffer.from(work.has);
  return new Promise((resolve) => {
    const send = () => {
      while (sent - Math.floor(delivered / work.receivers) < work.window) {
        sockets[0]?.write(frames(0));
        sent++;
      }
    };
    onFrame = (_, payload) => {
      if (payload.includes('"error"')) errors++;
      if (!payload.includes(has)) return;
      delivered++;
      if (delivered % work.receivers !== 0) return;
      if (performance.now() < end) {
        send();
      } else if (delivered === sent * work.receivers) {
        onFrame = () => undefined;
        const wallSeconds = (performance.now() - start) / 1000;
        resolve({ operations: delivered, errors: errors + lost, wallSeconds });
      }
    };
    send();
  });
}

function work(order: Work): Promise<Done> {
  switch (order.kind) {
    case 'call': return call(order);
    case 'paced': return paced(order);
    case 'fanout': return fanout(order);
  }
}

// Whoever started this one is gone: so is the reason to work.
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Opening | Work) => {
  const done = order.kind === 'open'
    ? open(order).then(() => ({ opened: sockets.length })) : work(order);
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.send?.({ failed: String(error) });
      process.exit(1);
    },
  );
});
