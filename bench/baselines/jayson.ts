import jayson from 'jayson';
import type { AddressInfo } from 'node:net';

// jayson's HTTP server. No validation of params, no identity, no limits.
const server = new jayson.Server({
  echo: (params: unknown, done: (error: null, result: unknown) => void) => done(null, params),
});
const http = server.http();
http.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(http.address() as AddressInfo).port}/rpc`);
});
