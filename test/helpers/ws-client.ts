import { type Test } from 'tap';
import { WebSocket, type ClientOptions } from 'ws';

/** A WebSocket that keeps what came and lets a test wait for it. */
export class WsClient {
  readonly socket: WebSocket;
  readonly frames: string[] = [];
  closedWith: { code: number; reason: string } | undefined;
  #waiting: (() => void)[] = [];
  #id = 0;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(data.toString());
      this.#wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closedWith = { code, reason: reason.toString() };
      this.#wake();
    });
    this.socket.on('open', () => this.#wake());
    this.socket.on('error', () => this.#wake());
  }

  /** An open socket that goes with the test. */
  static async open(t: Test, url: string, options: ClientOptions = {}): Promise<WsClient> {
    const client = new WsClient(url, options);
    t.teardown(() => client.socket.terminate());
    await client.until(() => client.socket.readyState !== WebSocket.CONNECTING);
    return client;
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) {
      await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    }
  }

  send(method: string, params: unknown = {}, id?: number): void {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', method, params, id }));
  }

  /** The result of one call. */
  async call(method: string, params: unknown = {}): Promise<unknown> {
    this.#id += 1;
    const id = this.#id;
    this.send(method, params, id);
    let result: unknown;
    await this.until(() => this.closedWith !== undefined || this.frames.some((text) => {
      const message: { id?: unknown; result?: unknown } = JSON.parse(text);
      if (message.id !== id) return false;
      result = message.result;
      return true;
    }));
    return result;
  }

  /** How the server closed it. */
  async closed(): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closedWith !== undefined);
    return this.closedWith ?? { code: 0, reason: '' };
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
