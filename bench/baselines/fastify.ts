import fastify from 'fastify';
import { JSONRPCServer, type JSONRPCRequest } from 'json-rpc-2.0';

// fastify with json-rpc-2.0 behind it. No validation of params, no identity, no limits.
const rpc = new JSONRPCServer();
rpc.addMethod('echo', (params: unknown) => params);
const app = fastify();
app.post('/rpc', async (request) => rpc.receive(request.body as JSONRPCRequest));
console.log(`${await app.listen({ host: '127.0.0.1', port: 0 })}/rpc`);
