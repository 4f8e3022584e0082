import { RawSocket, textFrame } from './raw-socket.js';

// A load generator in a process of its own: holds connections open, and works for as long as it
// is told to, round after round. Speaks with its parent by messages: see load.ts.

export interface Opening {
  readonly kind: 'open';
  readonly url: string;
  readonly connections: number;
  /** Headers of each upgrade; `%n` in a value is the number of the connection. */
  readonly headers: Readonly<Record<string, string>>;
  /** Frames sent once on every connection before work begins, each answered; `%n` likewise. */
  readonly prelude: readonly string[];
  readonly firstNumber: number;
  /** What a frame that answers the prelude holds; `"id":` for JSON-RPC. */
  readonly answerHas: string;
}

export type Work =
  /** Every connection calls, `window` calls at a time. */
  | { readonly kind: 'call'; readonly frame: string; readonly window: number;
    readonly durationMs: number; readonly callsPerFrame: number }
  /** The first connection sends; every frame that holds `has`, on any connection, is a delivery. */
  | { readonly kind: 'fanout'; readonly frame: string; readonly window: number;
    readonly durationMs: number; readonly has: string; readonly receivers: number };

export interface Done {
  readonly operations: number;
  readonly errors: number;
  readonly wallSeconds: number;
}

const enginePong = textFrame('3');
const sockets: RawSocket[] = [];
let onFrame: (socket: number, payload: Buffer) => void = () => undefined;
let lost = 0;

async function open(order: Opening): Promise<void> {
  const number = (text: string, n: number) => text.replaceAll('%n', String(n));
  for (let i = 0; i < order.connections; i += 50) {
    const batch = Array.from({ length: Math.min(50, order.connections - i) }, async (_, k) => {
      const index = i + k;
      const n = order.firstNumber + index;
      const headers = Object.fromEntries(Object.entries(order.headers)
        .map(([name, value]) => [name, number(value, n)]));
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
  for (const text of order.prelude) {
    await new Promise<void>((resolve, reject) => {
      const waiting = new Set(sockets.keys());
      onFrame = (index, payload) => {
        if (payload.includes('"error"')) reject(new Error(payload.toString()));
        if (payload.includes(order.answerHas)) waiting.delete(index);
        if (waiting.size === 0) resolve();
      };
      sockets.forEach((socket, index) => {
        socket.write(textFrame(number(text, order.firstNumber + index)));
      });
    });
  }
  onFrame = () => undefined;
}

function call(work: Work & { kind: 'call' }): Promise<Done> {
  const frame = textFrame(work.frame);
  const start = performance.now();
  const end = start + work.durationMs;
  let operations = 0;
  let errors = 0;
  let open = sockets.length * work.window;
  return new Promise((resolve) => {
    onFrame = (index, payload) => {
      if (payload.includes('"error"')) errors++;
      operations += work.callsPerFrame;
      if (performance.now() < end) {
        sockets[index]?.write(frame);
      } else if (--open === 0) {
        onFrame = () => undefined;
        resolve({ operations, errors, wallSeconds: (performance.now() - start) / 1000 });
      }
    };
    for (const socket of sockets) {
      for (let i = 0; i < work.window; i++) socket.write(frame);
    }
  });
}

function fanout(work: Work & { kind: 'fanout' }): Promise<Done> {
  const frame = textFrame(work.frame);
  const start = performance.now();
  const end = start + work.durationMs;
  let delivered = 0;
  let sent = 0;
  let errors = 0;
  const has = Buffer.from(work.has);
  return new Promise((resolve) => {
    const send = () => {
      while (sent - Math.floor(delivered / work.receivers) < work.window) {
        sockets[0]?.write(frame);
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

process.on('message', (order: Opening | Work) => {
  const done = order.kind === 'open' ? open(order).then(() => ({ opened: sockets.length }))
    : order.kind === 'call' ? call(order) : fanout(order);
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.send?.({ failed: String(error) });
      process.exit(1);
    },
  );
});
