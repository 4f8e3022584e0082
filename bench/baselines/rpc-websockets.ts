import { Server } from 'rpc-websockets';
import type { AddressInfo } from 'node:net';

// rpc-websockets as its README shows it. No validation, no identity, no limits.
const server = new Server({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.register('echo', (params: unknown) => params);
server.on('listening', () => {
  const { port } = server.wss.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}/`);
});
