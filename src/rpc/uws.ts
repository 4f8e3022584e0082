import {
  App, SSLApp, us_listen_socket_close, us_socket_local_port,
  type TemplatedApp, type us_listen_socket, type us_socket, type WebSocket,
} from 'uWebSockets.js';

// The one file that imports uWebSockets.js for its values; its types may be used elsewhere.
export type {
  HttpRequest, HttpResponse, TemplatedApp, WebSocket, WebSocketBehavior, us_socket_context_t,
} from 'uWebSockets.js';

/** Files of a TLS server, in PEM. */
export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
  readonly passphrase?: string;
}

/** An app, with TLS when files are given. */
export function createApp(tls: TlsFiles | undefined): TemplatedApp {
  if (tls === undefined) return App();
  return SSLApp({
    key_file_name: tls.key,
    cert_file_name: tls.cert,
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
  });
}

/** A port that is listened on. */
export interface Listening {
  readonly port: number;
  /** Takes no new connection; those that are stay. */
  close(): void;
}

/** What the library takes beside what its types say: host, port and options together. */
interface FullListen {
  listen(
    host: string, port: number, options: number, done: (socket: us_listen_socket | false) => void,
  ): unknown;
}

// The library's enum exists in its types alone: LIBUS_LISTEN_DEFAULT shares the port.
const shared = 0;
const exclusive = 1;

/**
 * Listens.
 * @param port 0: any free one
 * @param reusePort several processes listen on one port and the kernel spreads connections
 * @throws Error when the address can't be had; the library does not say why
 */
export function listen(
  app: TemplatedApp, host: string, port: number, reusePort: boolean,
): Listening {
  if (port === 0 && reusePort) {
    // The library shares only ports that it was named: find one, and name it.
    const free = listen(app, host, 0, false);
    free.close();
    return listen(app, host, free.port, true);
  }
  let socket: us_listen_socket | false = false;
  (app as unknown as FullListen).listen(host, port, reusePort ? shared : exclusive, (got) => {
    socket = got;
  });
  const listening = socket as us_listen_socket | false;
  if (listening === false) {
    throw new Error(`cannot listen on ${host}:${port}: in use, not allowed, or no such address`);
  }
  let open = true;
  return {
    port: us_socket_local_port(listening as us_socket),
    close() {
      if (!open) return;
      open = false;
      us_listen_socket_close(listening);
    },
  };
}

/**
 * What hangs on a socket. The library copies it onto the socket's own object and answers that
 * object when it is asked, at the price of a native call a frame.
 */
export const dataOf = <Data>(socket: WebSocket<Data>): Data => socket as unknown as Data;

/** Text of what the library hands out as bytes, which it takes back when the handler returns. */
export const textOf = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString();
