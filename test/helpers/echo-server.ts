import { type Test } from 'tap';
import { limitsWith } from '../../src/base/limits.js';
import type { Dispatcher, Received } from '../../src/rpc/dispatcher.js';
import { code, RpcError, unauthenticated } from '../../src/rpc/errors.js';
import type { SessionHost } from '../../src/rpc/host.js';
import type { Identity } from '../../src/rpc/identity.js';
import {
  createRpcServer, type RpcServer, type RpcServerOptions,
} from '../../src/rpc/rpc-server.js';
import type { Session } from '../../src/rpc/session.js';

export const identityOf = (user: string, expiresAt = Infinity): Identity => ({
  user, tenant: 'default', role: 'user', groups: [], issuedAt: 0, expiresAt, kind: 'dev',
});

type Params = Record<string, unknown>;
type Handler = (session: Session, params: Params, answer: (result: unknown) => void) => void;

/**
 * The smallest application behind the transports: it answers what it hears and how it came, so
 * that a test sees exactly what a transport made of a request.
 */
export class EchoDispatcher implements Dispatcher {
  inFlight = 0;
  readonly ended: Session[] = [];
  readonly sessions: Session[] = [];
  readonly received: Received[] = [];
  /** Answers that a test gives when it wants to. */
  readonly open = new Map<string, (result: unknown) => void>();
  /** Told of every text that came. */
  onText: (session: Session, text: string) => void = () => undefined;
  readonly methods: Record<string, Handler> = {
    echo: (_session, params, answer) => answer(params),
    who: (session, _params, answer) => answer({
      user: session.identity?.user ?? null, session: session.id,
      transport: session.transport, address: session.address, canPush: session.canPush,
    }),
    authenticate(session, params, answer) {
      const { user, expiresAt } = params;
      session.identify(identityOf(String(user), Number(expiresAt ?? Infinity)));
      answer({});
    },
    logout(session, _params, answer) {
      session.identify(undefined);
      answer({});
    },
    later: (_session, params, answer) => this.open.set(String(params['name']), answer),
    /** Events before and after the answer, in this order. */
    push(session, params, answer) {
      session.notify('before', JSON.stringify(params), 'cursor-1');
      answer({});
      session.notify('after', JSON.stringify(params));
    },
    join(session, params, answer) {
      session.join(String(params['topic']));
      answer({});
    },
    leave(session, params, answer) {
      session.leave(String(params['topic']));
      answer({});
    },
  };

  receive(
    session: Session, text: string | Uint8Array, received: Received,
    reply: (answer: string | undefined) => void,
  ): void {
    const body = Buffer.from(text).toString();
    this.sessions.push(session);
    this.received.push(received);
    this.onText(session, body);
    let call: { id?: unknown; method: string; params?: Params };
    try {
      call = JSON.parse(body);
    } catch {
      reply('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}');
      return;
    }
    const { id, method, params = {} } = call;
    if (received.refused instanceof RpcError) {
      reply(JSON.stringify({
        jsonrpc: '2.0', id, error: { code: received.refused.code, data: received.refused.data },
      }));
      return;
    }
    this.methods[method]?.(session, params, (result) => {
      reply(id === undefined ? undefined : JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  }

  sessionEnded(session: Session): void {
    this.ended.push(session);
  }

  refuse(): void {
    // Never drained.
  }
}

/** `bad` is refused, `slow NAME` is known later, `blocked` may not sign in; others are names. */
export function verify(token: string): Identity | Promise<Identity> {
  if (token === 'bad') throw unauthenticated('invalid');
  if (token === 'slowbad') return Promise.reject(unauthenticated('expired'));
  if (token.startsWith('slow')) return Promise.resolve(identityOf(token));
  return identityOf(token);
}

export class EchoHost implements SessionHost {
  readonly opened: (string | undefined)[] = [];
  /** What a sign-in waits for. */
  gate: Promise<void> = Promise.resolve();

  admit(identity: Identity): Identity {
    if (identity.user === 'blocked') throw new RpcError(code.forbidden, 'blocked');
    return identity;
  }

  async signIn(session: Session, identity: Identity): Promise<void> {
    await this.gate;
    if (identity.user === 'crowd') throw new RpcError(code.rateLimited, 'too_many');
    if (identity.user === 'revoked') throw unauthenticated('revoked');
    session.identify(this.admit(identity));
  }

  async streamOpened(_session: Session, lastEventId: string | undefined): Promise<void> {
    this.opened.push(lastEventId);
  }
}

export interface Echo {
  readonly server: RpcServer;
  readonly dispatcher: EchoDispatcher;
  readonly host: EchoHost;
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
}

/** A server that is closed with the test. */
export async function startEcho(
  t: Test, options: Partial<RpcServerOptions> = {}, limits: Record<string, number> = {},
): Promise<Echo> {
  const dispatcher = new EchoDispatcher();
  const host = new EchoHost();
  const server = createRpcServer({
    dispatcher, host, verify, limits: limitsWith(limits), ...options,
  });
  t.teardown(() => server.close());
  const { port, url } = await server.listen('127.0.0.1', 0);
  return { server, dispatcher, host, url, wsUrl: url.replace('http', 'ws'), port };
}
