import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { isRecord } from '../../../src/client/json.js';

/** A call as it reached the double. */
export interface Taken {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly socket: WebSocket;
  /** Sends a notification on the same socket, after the answer when `later`. */
  push(method: string, params: object): void;
}

/** An error to be answered with; thrown by a handler. */
export class Refusal extends Error {
  constructor(readonly code: number, readonly data: object = { reason: 'told' }) {
    super('refused');
  }
}

/** What a handler answers to leave a call without an answer. */
export const silence = Symbol('silence');

type Handler = (taken: Taken) => unknown;

/**
 * A stand-in for the server that does what a test says, to bring about what a sound server does
 * seldom: refusals, silence, lost answers. The real server is tested in test/client.
 */
export class Double {
  readonly taken: Taken[] = [];
  readonly #server: WebSocketServer;
  readonly #handler: Handler;
  #arrived: (() => void)[] = [];

  private constructor(server: WebSocketServer, handler: Handler) {
    this.#server = server;
    this.#handler = handler;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => this.#message(socket, data.toString()));
    });
  }

  /** @param handler answers each call; undefined: what a sound server would */
  static async start(handler: Handler = () => undefined): Promise<Double> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new Double(server, handler);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/rpc`;
  }

  methods(name: string): Taken[] {
    return this.taken.filter(({ method }) => method === name);
  }

  /** Resolves with the n-th call of a method, counted from 1. */
  async call(method: string, n = 1): Promise<Taken> {
    for (;;) {
      const found = this.methods(method)[n - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#arrived.push(resolve));
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #message(socket: WebSocket, text: string): void {
    const frame: unknown = JSON.parse(text);
    if (!isRecord(frame) || typeof frame['method'] !== 'string') return;
    const { id, method } = frame;
    const params = isRecord(frame['params']) ? frame['params'] : {};
    const later: string[] = [];
    const taken: Taken = {
      method, params, socket,
      push: (name, event) => {
        const notification = JSON.stringify({ jsonrpc: '2.0', method: name, params: event });
        if (answered) socket.send(notification);
        else later.push(notification);
      },
    };
    let answered = false;
    this.taken.push(taken);
    for (const told of this.#arrived.splice(0)) told();
    const answer = this.#answer(taken);
    answered = true;
    if (id === undefined || answer === undefined) return;
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    for (const notification of later) socket.send(notification);
  }

  #answer(taken: Taken): object | undefined {
    try {
      const result = this.#handler(taken);
      if (result === silence) return undefined;
      return { result: result ?? usual(taken) };
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      return { error: { code: fault.code, message: fault.message, data: fault.data } };
    }
  }
}

function usual({ method, params }: Taken): object {
  switch (method) {
    case 'session.authenticate':
      return { user: params['token'], role: 'user', nodes: [] };
    case 'feed.open':
      return { cursor: params['since'] ?? 'c0', recovered: true };
    default:
      return {};
  }
}
