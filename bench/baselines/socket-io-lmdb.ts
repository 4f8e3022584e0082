import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { open } from 'lmdb';
import { Server } from 'socket.io';

// Socket.IO that keeps each message in LMDB and acknowledges it once it is on disk, as an
// application would write it: one record a message, numbered within its room in memory. No
// validation, no identity, no idempotency key, no feed, no unread counter, no receipts.
const messages = open({ path: process.env['BENCH_DATA'] ?? './data' });
const seqs = new Map<string, number>();
const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });

interface Sent {
  readonly room: string;
  readonly text: string;
}

io.on('connection', (socket) => {
  socket.on('join', (room: string, ack: (done: boolean) => void) => {
    void socket.join(room);
    ack(true);
  });
  socket.on('send', async ({ room, text }: Sent, ack: (done: unknown) => void) => {
    const seq = (seqs.get(room) ?? 0) + 1;
    seqs.set(room, seq);
    const message = { room, seq, at: Date.now(), from: socket.id, text };
    await messages.put([room, seq], message);
    await messages.flushed;
    ack({ seq, at: message.at });
    socket.to(room).emit('message', message);
  });
});
http.listen(0, '127.0.0.1', () => {
  const { port } = http.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
});
