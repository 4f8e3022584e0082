import { WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';

// The `ws` package with JSON.parse and JSON.stringify. No validation, no identity, no limits.
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const call = JSON.parse(data.toString()) as { id: number; method: string; params: unknown };
    if (call.method === 'loop') {
      const frame = JSON.stringify({ jsonrpc: '2.0', method: 'event', params: call.params });
      for (const one of server.clients) one.send(frame);
    }
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: call.id, result: call.params }));
  });
});
server.on('listening', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`);
});
