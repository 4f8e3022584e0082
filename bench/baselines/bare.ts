import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// The least that a Node process can be and answer a call: for the time that starting takes.
const server = createServer((_, response) => response.end('{"jsonrpc":"2.0","result":1,"id":1}'));
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`);
});
