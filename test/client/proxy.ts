import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Test } from 'tap';

/** What a network in the way does. */
export interface Blocks {
  /** Answers upgrades 403, as proxies do that know no WebSocket. */
  readonly webSocket?: boolean;
  /** Takes an event stream and passes nothing of it on, as proxies do that wait for its end. */
  readonly stream?: boolean;
}

/** A small HTTP proxy before a real server, that blocks or cuts as a test says. */
export class Proxy {
  #target: URL;
  readonly #server = createServer((from, to) => this.#request(from, to));
  readonly #sockets = new Set<Duplex>();
  /** Cuts the connection in place of passing on the next thing that the server says. */
  cutNextAnswer = false;
  cuts = 0;

  private constructor(target: string, public blocks: Blocks) {
    this.#target = new URL(target);
    this.#server.on('upgrade', (from: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(from, socket, head);
    });
  }

  static async before(t: Test, target: string, blocks: Blocks = {}): Promise<Proxy> {
    const proxy = new Proxy(target, blocks);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    t.teardown(() => {
      proxy.cut();
      proxy.#server.closeAllConnections();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#target.pathname}`;
  }

  /** Passes on to another server from now on: the one before was started anew elsewhere. */
  aim(target: string): void {
    this.#target = new URL(target);
  }

  /** Cuts every WebSocket. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #request(from: IncomingMessage, to: ServerResponse): void {
    const streamed = from.headers.accept?.includes('text/event-stream') === true;
    const { hostname, port } = this.#target;
    const onward = request({
      hostname, port, method: from.method, path: from.url, headers: from.headers,
    }, (answer) => {
      if (streamed && this.blocks.stream === true) return void answer.resume();
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
      answer.on('close', () => {
        if (!answer.complete) to.destroy();
      });
    });
    onward.on('error', () => to.destroy());
    to.on('close', () => onward.destroy());
    from.pipe(onward);
  }

  #upgrade(from: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.blocks.webSocket === true) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const onward: Socket = connect(Number(this.#target.port), this.#target.hostname);
    for (const side of [socket, onward]) {
      this.#sockets.add(side);
      side.on('error', () => undefined);
      side.on('close', () => {
        this.#sockets.delete(side);
        socket.destroy();
        onward.destroy();
      });
    }
    const headers = Object.entries(from.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    onward.write(`GET ${from.url} HTTP/1.1\r\n${headers.join('')}\r\n`);
    onward.write(head);
    socket.pipe(onward);
    onward.on('data', (data: Buffer) => {
      if (!this.cutNextAnswer) {
        socket.write(data);
        return;
      }
      this.cutNextAnswer = false;
      this.cuts += 1;
      socket.destroy();
    });
  }
}
