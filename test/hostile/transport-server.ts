import { type Test } from 'tap';
import Type from 'typebox';
import { systemClock } from '../../src/base/clock.js';
import { limitsWith } from '../../src/base/limits.js';
import { createLogger } from '../../src/base/log.js';
import { Metrics } from '../../src/base/metrics.js';
import {
  createDispatcher, createRpcServer, defineMethod, Registry, type RpcServerOptions,
} from '../../src/rpc/index.js';
import { EchoHost, verify } from '../helpers/echo-server.js';
import { RawSocket } from '../helpers/raw-socket.js';
import { WsClient } from '../helpers/ws-client.js';

const define = defineMethod<undefined>();
const echo = define({
  name: 'echo', summary: 'Answers its value.', params: Type.Object({ value: Type.Unknown() }),
  result: Type.Unknown(), access: 'none', example: { params: { value: 1 }, result: 1 },
  handler: (_call, { value }) => value,
});
const whoami = define({
  name: 'whoami', summary: 'Says where a call came from.', params: Type.Object({}),
  result: Type.String(), access: 'none', example: { params: {}, result: '127.0.0.1' },
  handler: (call) => call.session.address,
});

export interface Target {
  readonly port: number;
  readonly url: string;
  readonly wsUrl: string;
  /** The process lives and the neighbour's call is answered as ever. */
  unharmed(what: string): Promise<void>;
}

/** The real dispatcher behind the real transports, with a neighbour who is connected meanwhile. */
export async function startTarget(
  t: Test, limits: Record<string, number> = {}, options: Partial<RpcServerOptions> = {},
): Promise<Target> {
  const bounds = limitsWith(limits);
  const log = createLogger({ format: 'silent' });
  const dispatcher = createDispatcher({
    registry: new Registry<undefined>().method(echo).method(whoami), app: undefined,
    clock: systemClock, limits: bounds, log, metrics: new Metrics(false),
  });
  const server = createRpcServer({
    dispatcher, host: new EchoHost(), verify, limits: bounds, log, ...options,
  });
  t.teardown(() => server.close());
  const { port, url } = await server.listen('127.0.0.1', 0);
  const wsUrl = url.replace('http', 'ws');
  const neighbour = await WsClient.open(t, wsUrl, { headers: { authorization: 'Bearer Petro' } });
  let calls = 0;
  return {
    port, url, wsUrl,
    async unharmed(what) {
      calls += 1;
      t.equal(await neighbour.call('echo', { value: calls }), calls, `${what}: a neighbour`);
      const response = await fetch(url, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: `{"jsonrpc":"2.0","id":${calls},"method":"echo","params":[${calls}]}`,
      });
      t.same(await response.json(), { jsonrpc: '2.0', id: calls, result: calls }, `${what}: new`);
    },
  };
}

/** A raw socket that goes with the test. */
export function rawSocket(t: Test, port: number): RawSocket {
  const raw = new RawSocket(port);
  t.teardown(() => raw.destroy());
  return raw;
}
