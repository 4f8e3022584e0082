import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One connection through the proxy. */
export interface ProxiedConnection {
  /** What the client has sent so far, as text, for telling connections apart. */
  readonly said: string;
  /** `pass`; `drop`: bytes vanish; `hold`: they wait until it is `pass` again. */
  toServer: 'pass' | 'drop' | 'hold';
  toClient: 'pass' | 'drop' | 'hold';
  /** Lets go what was held and goes on passing, also after the client has gone. */
  release(): void;
  /** Ends it on both sides, as a broken link does. */
  cut(): void;
}

export interface Proxy {
  readonly port: number;
  readonly url: string;
  /** Open connections, and those that hold bytes of a client that has gone. */
  readonly connections: ReadonlySet<ProxiedConnection>;
  /** Connections made from now on are refused, or taken again. */
  refuse: boolean;
  close(): Promise<void>;
}

const saidBytes = 64 * 1024;

function flow(
  from: Socket, to: Socket, mode: () => 'pass' | 'drop' | 'hold', heard: (chunk: Buffer) => void,
): { flush: () => void } {
  let held: Buffer[] = [];
  let ended = false;
  from.on('data', (chunk: Buffer) => {
    heard(chunk);
    if (mode() === 'hold') held.push(chunk);
    else if (mode() === 'pass') to.write(chunk);
  });
  // A connection on hold outlives its client: what it holds may arrive late.
  from.on('close', () => {
    ended = true;
    if (mode() !== 'hold') to.destroy();
  });
  from.on('error', () => undefined);
  return {
    flush() {
      for (const chunk of held) to.write(chunk);
      held = [];
      if (ended) to.end();
    },
  };
}

/** A TCP proxy that can lose, hold and cut what passes, one connection at a time. */
export async function startProxy(serverPort: number): Promise<Proxy> {
  const connections = new Set<ProxiedConnection>();
  const state = { refuse: false };
  const server = createServer((client) => {
    if (state.refuse) {
      client.destroy();
      return;
    }
    const upstream = connect(serverPort, '127.0.0.1');
    let said = '';
    const connection: ProxiedConnection = {
      get said() {
        return said;
      },
      toServer: 'pass', toClient: 'pass',
      release() {
        connection.toServer = 'pass';
        connection.toClient = 'pass';
        up.flush();
        down.flush();
      },
      cut() {
        client.destroy();
        upstream.destroy();
      },
    };
    const up = flow(client, upstream, () => connection.toServer, (chunk) => {
      if (said.length < saidBytes) said += chunk.toString('latin1');
    });
    const down = flow(upstream, client, () => connection.toClient, () => undefined);
    connections.add(connection);
    upstream.on('close', () => connections.delete(connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    port, url: `redis://127.0.0.1:${port}`, connections,
    get refuse() {
      return state.refuse;
    },
    set refuse(value: boolean) {
      state.refuse = value;
    },
    async close() {
      for (const connection of connections) connection.cut();
      server.close();
      await once(server, 'close');
    },
  };
}
