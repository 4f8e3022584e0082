import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

// Socket.IO with acknowledgements and one room of everybody. No validation, no identity.
const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
io.on('connection', (socket) => {
  void socket.join('all');
  socket.on('echo', (params: unknown, ack: (result: unknown) => void) => ack(params));
  socket.on('publish', (params: unknown, ack: (result: unknown) => void) => {
    io.to('all').emit('event', params);
    ack(params);
  });
});
http.listen(0, '127.0.0.1', () => {
  const { port } = http.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
});
