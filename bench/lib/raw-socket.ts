import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

// A WebSocket client that costs little: masked frames written and counted by hand, so that the
// generator is not what is measured. The mask is zero, which is a legal mask and leaves the
// payload as it is.

/** A masked text frame, ready to be written as often as wanted. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.alloc(head + 4 + length);
  frame[0] = 0x81;
  if (length < 126) {
    frame[1] = 0x80 | length;
  } else if (length < 65_536) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  payload.copy(frame, head + 4);
  return frame;
}

const pongFrame = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

export interface RawSocketEvents {
  /** One text frame; the bytes are only good until the call returns. */
  frame(payload: Buffer): void;
  closed(): void;
}

export class RawSocket {
  readonly #socket: Socket;
  readonly #events: RawSocketEvents;
  #rest: Buffer | undefined;

  private constructor(socket: Socket, events: RawSocketEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  /**
   * Opens a connection and resolves once it is upgraded.
   * @param url ws://host:port/path
   * @param headers further request headers
   */
  static open(
    url: string, headers: Readonly<Record<string, string>>, events: RawSocketEvents,
  ): Promise<RawSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const raw = new RawSocket(socket, events);
      let head = Buffer.alloc(0);
      const refused = (error: Error) => reject(error);
      socket.once('error', refused);
      socket.on('connect', () => {
        const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`
          + 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
          + `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${more.join('')}\r\n`);
      });
      const upgrade = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.off('data', upgrade);
        socket.off('error', refused);
        const status = head.subarray(9, 12).toString();
        if (status !== '101') {
          socket.destroy();
          reject(new Error(`upgrade answered ${status}: ${head.toString().slice(0, 200)}`));
          return;
        }
        socket.on('data', (data: Buffer) => raw.#read(data));
        socket.on('error', () => undefined);
        socket.on('close', () => events.closed());
        resolve(raw);
        if (head.length > end + 4) raw.#read(head.subarray(end + 4));
      };
      socket.on('data', upgrade);
    });
  }

  write(frame: Buffer): void {
    this.#socket.write(frame);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    while (at + 2 <= data.length) {
      const short = (data[at + 1] ?? 0) & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + head > data.length) break;
      const length = short < 126 ? short
        : short === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2));
      const end = at + head + length;
      if (end > data.length) break;
      const opcode = (data[at] ?? 0) & 0x0f;
      if (opcode === 1) this.#events.frame(data.subarray(at + head, end));
      else if (opcode === 9) this.#socket.write(pongFrame);
      at = end;
    }
    if (at < data.length) this.#rest = Buffer.from(data.subarray(at));
  }
}
