import { connect, type Socket } from 'node:net';

/** A TCP connection that a test writes to byte by byte, and that says how it ended. */
export class RawSocket {
  readonly socket: Socket;
  /** Everything that came, one character a byte. */
  text = '';
  ended = false;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** Resolves when what came holds `part`, or the connection ended. */
  async until(part: string | (() => boolean)): Promise<string> {
    const met = typeof part === 'string' ? () => this.text.includes(part) : part;
    while (!met() && !this.ended) {
      await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    }
    return this.text;
  }

  /** Resolves with everything that came once the other side closed. */
  closed(): Promise<string> {
    return this.until(() => this.ended);
  }

  /** Status and body of one whole answer with a length. */
  async answer(): Promise<{ status: number; head: string; body: string }> {
    await this.until('\r\n\r\n');
    const [head = '', ...rest] = this.text.split('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    await this.until(() => this.text.length >= head.length + 4 + length);
    const body = rest.join('\r\n\r\n').slice(0, length);
    this.text = this.text.slice(head.length + 4 + length);
    return { status: Number(head.split(' ')[1]), head, body };
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** A WebSocket handshake as bytes. */
export const handshake = (headers: Record<string, string> = {}): string => {
  const all: Record<string, string> = {
    host: 'localhost', upgrade: 'websocket', connection: 'Upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13', ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /rpc HTTP/1.1\r\n${lines.join('')}\r\n`;
};

/** A raw socket after a handshake, its text emptied. */
export async function upgraded(
  port: number, headers: Record<string, string> = {},
): Promise<RawSocket> {
  const raw = new RawSocket(port).write(handshake(headers));
  await raw.until('\r\n\r\n');
  if (!raw.text.startsWith('HTTP/1.1 101')) throw new Error(`not upgraded: ${raw.text}`);
  raw.text = '';
  return raw;
}

/**
 * One frame (RFC 6455, 5.2).
 * @param first FIN, reserved bits and opcode: 0x81 is a whole text
 */
export function frame(first: number, payload: string | Uint8Array, masked = true): Buffer {
  const data = Buffer.from(payload);
  const mark = masked ? 0x80 : 0;
  const head = data.length < 126
    ? Buffer.from([first, mark | data.length])
    : data.length < 65536
      ? Buffer.from([first, mark | 126, data.length >> 8, data.length & 255])
      : Buffer.from([first, mark | 127, 0, 0, 0, 0, (data.length >> 24) & 255,
        (data.length >> 16) & 255, (data.length >> 8) & 255, data.length & 255]);
  if (!masked) return Buffer.concat([head, data]);
  const mask = Buffer.from([1, 2, 3, 4]);
  const covered = data.map((byte, i) => byte ^ (mask[i & 3] ?? 0));
  return Buffer.concat([head, mask, covered]);
}

/** A POST as bytes. */
export const postText = (body: string, headers: Record<string, string> = {}): string => {
  const all: Record<string, string> = {
    host: 'localhost', 'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)), ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /rpc HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
};
