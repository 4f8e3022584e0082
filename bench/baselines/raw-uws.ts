import { App, us_socket_local_port, type WebSocket } from 'uWebSockets.js';

// The raw limit: uWebSockets.js with JSON.parse and JSON.stringify. No validation, no identity,
// no limits. `echo` answers its params; `publish` and `loop` deliver to everyone who is connected.

const everyone = new Set<WebSocket<unknown>>();

function answer(text: string): string {
  const call = JSON.parse(text) as { id: number; method: string; params: unknown };
  return JSON.stringify({ jsonrpc: '2.0', id: call.id, result: call.params });
}

const server = App();
server
  .ws('/rpc', {
    compression: 0,
    maxBackpressure: 64 * 1024 * 1024,
    open(ws) {
      everyone.add(ws);
      ws.subscribe('all');
    },
    close(ws) {
      everyone.delete(ws);
    },
    message(ws, message) {
      const text = Buffer.from(message).toString();
      const call = JSON.parse(text) as { id: number; method: string; params: unknown };
      if (call.method === 'publish' || call.method === 'loop') {
        const frame = JSON.stringify({ jsonrpc: '2.0', method: 'event', params: call.params });
        if (call.method === 'loop') for (const one of everyone) one.send(frame);
        else server.publish('all', frame);
      }
      ws.send(JSON.stringify({ jsonrpc: '2.0', id: call.id, result: call.params }));
    },
  })
  .post('/rpc', (res) => {
    let body = '';
    res.onAborted(() => undefined);
    res.onData((chunk, last) => {
      body += Buffer.from(chunk).toString();
      if (!last) return;
      res.writeHeader('content-type', 'application/json');
      res.end(answer(body));
    });
  })
  .listen('127.0.0.1', 0, (socket) => {
    if (socket !== false) console.log(`http://127.0.0.1:${us_socket_local_port(socket)}/rpc`);
  });
