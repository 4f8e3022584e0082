import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

// A server whose latency is known: it answers each call so many ms after it came, and now and
// then, when it is told to, stands still. What the load generator measures is held against it.
const delayMs = Number(process.env['BENCH_DELAY_MS'] ?? 0);
const stallMs = Number(process.env['BENCH_STALL_MS'] ?? 0);
let stalled = stallMs === 0;

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', () => {
    setTimeout(() => socket.send('{"jsonrpc":"2.0","result":true,"id":1}'), delayMs);
    if (stalled) return;
    stalled = true;
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs), 50);
  });
});
server.on('listening', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`);
});
