import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.js';
import { limitsWith } from '../../src/base/limits.js';
import { createLogger } from '../../src/base/log.js';
import { Metrics } from '../../src/base/metrics.js';
import { createDispatcher, createRpcServer } from '../../src/rpc/index.js';
import { EchoHost, verify } from '../helpers/echo-server.js';
import { WsClient } from '../helpers/ws-client.js';
import { playTranscripts, transcriptRegistry } from './runner.js';

async function start(t: Test): Promise<string> {
  const limits = limitsWith({ callsPerSecond: 0, authTimeoutMs: 0 });
  const log = createLogger({ format: 'silent' });
  const dispatcher = createDispatcher({
    registry: transcriptRegistry(), app: undefined, clock: systemClock, limits, log,
    metrics: new Metrics(false),
  });
  const server = createRpcServer({ dispatcher, host: new EchoHost(), verify, limits, log });
  t.teardown(() => server.close());
  return (await server.listen('127.0.0.1', 0)).url;
}

t.test('every transcript is answered as written, by POST', async (t) => {
  const url = await start(t);
  await playTranscripts(t, async (body) => {
    const response = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body,
    });
    const text = await response.text();
    t.equal(response.status, text === '' ? 204 : 200);
    return text === '' ? undefined : text;
  });
});

t.test('every transcript is answered as written, on a WebSocket', async (t) => {
  const url = (await start(t)).replace('http', 'ws');
  let client = await WsClient.open(t, url);
  const marker = '{"jsonrpc":"2.0","method":"echo","params":["marker"],"id":"marker"}';
  await playTranscripts(t, async (text) => {
    client.frames.length = 0;
    if (client.closedWith !== undefined) client = await WsClient.open(t, url);
    const bytes = Buffer.from(text);
    client.socket.send(bytes, { binary: false });
    client.socket.send(marker);
    const isMarker = (frame: string): boolean => frame.includes('"id":"marker"');
    await client.until(() => client.closedWith !== undefined || client.frames.some(isMarker));
    if (client.closedWith !== undefined) {
      // RFC 6455, 8.1: what is no UTF-8 fails the connection, so no answer can come.
      t.not(Buffer.compare(Buffer.from(bytes.toString()), bytes), 0);
      return '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error","data":'
        + '{"reason":"not_utf8"}},"id":null}';
    }
    // An answer that takes a turn longer comes after the marker's.
    if (client.frames.length === 1) {
      client.socket.send(marker);
      await client.until(() => client.frames.filter(isMarker).length === 2);
    }
    return client.frames.find((frame) => !isMarker(frame));
  });
});
