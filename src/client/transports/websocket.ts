import { closeCode } from '../../rpc/close.js';
import { parseJson } from '../json.js';
import {
  TransportError, type OpenTransport, type Transport, type TransportHandlers,
} from './transport.js';

/** Code of a connection that went without a closing handshake (RFC 6455, 7.1.5). */
export const lostCode = 1006;

/** A socket of either kind, reduced to what is used. */
interface Socket {
  send(text: string): void;
  /** Closes politely. */
  close(): void;
  /** Lets go at once: the peer is silent. */
  drop(): void;
}

interface SocketHandlers extends TransportHandlers {
  opened(): void;
  text(text: string): void;
}

/** What this file needs of the WHATWG WebSocket, which Node has from 22 on. */
interface WebSocketLike {
  send(text: string): void;
  close(code?: number): void;
  addEventListener(type: string, listener: (event: {
    readonly data?: unknown; readonly code?: number; readonly reason?: string;
  }) => void): void;
}

type WebSocketConstructor = new (url: string) => WebSocketLike;

function globalWebSocket(): WebSocketConstructor | undefined {
  const found: unknown = Reflect.get(globalThis, 'WebSocket');
  return typeof found === 'function' ? found as WebSocketConstructor : undefined;
}

function standardSocket(
  WebSocket: WebSocketConstructor, url: string, handlers: SocketHandlers,
): Socket {
  const socket = new WebSocket(url);
  socket.addEventListener('open', () => handlers.opened());
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') handlers.text(data);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    handlers.closed(code ?? lostCode, reason ?? '');
  });
  // `close` follows and says all there is to say; unheard, Node would take it for a crash.
  socket.addEventListener('error', () => undefined);
  const close = (): void => socket.close();
  return { send: (text) => socket.send(text), close, drop: close };
}

/** How long a polite close may take before the socket is dropped. */
const closePatienceMs = 2_000;

/** Node before 22 has no WebSocket of its own. */
async function nodeSocket(url: string, handlers: SocketHandlers): Promise<Socket> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let patience: NodeJS.Timeout | undefined;
  socket.on('open', () => handlers.opened());
  socket.on('message', (data, isBinary) => {
    if (!isBinary) handlers.text(data.toString());
  });
  socket.on('ping', () => handlers.alive());
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) => {
    clearTimeout(patience);
    handlers.closed(code, reason.toString());
  });
  return {
    send: (text) => socket.send(text),
    close: () => {
      socket.close();
      patience = setTimeout(() => socket.terminate(), closePatienceMs);
    },
    drop: () => socket.terminate(),
  };
}

/** One WebSocket; signing in is the first call on it, since browsers can't set the header. */
export const openWebSocket: OpenTransport = async (target, handlers, signal) => {
  const url = target.url.replace(/^http/, 'ws');
  const WebSocket = globalWebSocket();
  return new Promise<Transport>((resolve, reject) => {
    let over = false;
    let socket: Socket | undefined;
    const end = (): boolean => {
      if (over) return false;
      over = true;
      signal.removeEventListener('abort', abort);
      return true;
    };
    const abort = (): void => {
      if (end()) reject(new TransportError(`no WebSocket from ${url} in time`));
      socket?.drop();
    };
    const transport: Transport = {
      kind: 'websocket',
      send: (frame) => {
        if (!over) socket?.send(JSON.stringify(frame));
      },
      close: () => {
        if (end()) socket?.close();
      },
    };
    const socketHandlers: SocketHandlers = {
      ...handlers,
      opened: () => {
        signal.removeEventListener('abort', abort);
        resolve(transport);
      },
      text: (text) => {
        if (over) return;
        handlers.alive();
        const value = parseJson(text);
        if (value !== undefined) return handlers.message(value);
        transport.close();
        handlers.closed(closeCode.protocol, 'the server sent a frame that is not JSON');
      },
      closed: (code, reason) => {
        if (!end()) return;
        reject(new TransportError(`the WebSocket to ${url} closed with ${code}`));
        handlers.closed(code, reason);
      },
    };
    signal.addEventListener('abort', abort);
    if (signal.aborted) return abort();
    const opening = WebSocket === undefined
      ? nodeSocket(url, socketHandlers)
      : Promise.resolve(standardSocket(WebSocket, url, socketHandlers));
    opening.then((opened) => {
      socket = opened;
      if (over) opened.drop();
    }, (cause: unknown) => {
      if (end()) reject(new TransportError(`no WebSocket to ${url}`, { cause }));
    });
  });
};
