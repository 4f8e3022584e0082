import { WebSocket } from 'ws';

/** What a socket was sent, parsed. */
export interface Received {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: unknown;
}

export interface TestSocket {
  readonly socket: WebSocket;
  /** Everything in order, answers and events. */
  readonly received: Received[];
  /** Events of one name, so far. */
  events(method: string): Readonly<Record<string, unknown>>[];
  /** Resolves to the close code. */
  readonly closed: Promise<number>;
  /** One call: its whole answer. */
  call(method: string, params?: unknown): Promise<Received>;
}

/** A plain WebSocket that keeps all it is sent: for tests that look at the wire. */
export async function openSocket(url: string, token?: string): Promise<TestSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), token === undefined ? {} : {
    headers: { authorization: `Bearer ${token}` },
  });
  const received: Received[] = [];
  const waiting = new Map<number, (answer: Received) => void>();
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as Received;
    received.push(message);
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  const closed = new Promise<number>((resolve) => { socket.once('close', resolve); });
  await new Promise((resolve, reject) => { socket.once('open', resolve).once('error', reject); });
  let ids = 0;
  return {
    socket, received, closed,
    events: (method) => received.filter((m) => m.method === method).map((m) => m.params ?? {}),
    call: (method, params = {}) => new Promise((resolve) => {
      const id = ++ids;
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    }),
  };
}
