import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Cluster } from 'ioredis';
import { Server } from 'socket.io';

// A chat as one writes it with Socket.IO: the sharded adapter over both shards, a stream a dialog
// for history, a counter for what the recipient has not read. No validation, no identity, no
// idempotency, no resumption; a process that ends between the writes and the emit loses the event.
const hosts = (process.env['BENCH_REDIS'] ?? '').split(',').map((url) => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
});
const connect = () => new Cluster(hosts, {
  shardedSubscribers: true, enableAutoPipelining: process.env['BENCH_AUTO_PIPELINING'] === 'yes',
});
const commands = connect();
const http = createServer();
const io = new Server(http, {
  transports: ['websocket'], perMessageDeflate: false,
  adapter: createShardedAdapter(commands, connect()),
});

interface Sent {
  readonly room: string;
  readonly to: string;
  readonly text: string;
}
io.on('connection', (socket) => {
  socket.on('join', async (room: string, ack: () => void) => {
    await socket.join(room);
    ack();
  });
  socket.on('send', async ({ room, to, text }: Sent, ack: (result: unknown) => void) => {
    const [id] = await Promise.all([
      commands.xadd(`log:${room}`, '*', 'text', text),
      commands.incr(`unread:${to}:${room}`),
    ]);
    io.to(room).emit('message', { id, room, text });
    ack({ id });
  });
});
http.listen(0, '127.0.0.1', () => {
  const { port } = http.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
});
