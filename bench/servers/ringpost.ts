import Type from 'typebox';
import { createServer, defineMethod } from '../../src/index.js';

// ringpost as an application would embed it: identity, schema, limits and metrics on every call,
// the store in memory where the contenders keep nothing. Rates are lifted, since all of the load
// comes from a few connections.
const room = process.env['BENCH_ROOM'];
const pairs = Number(process.env['BENCH_PAIRS'] ?? 0);
const data = process.env['BENCH_DATA'];
const server = createServer({
  data: data ?? false,
  verify: (token) => ({
    user: token, tenant: 'default', role: 'user', groups: [], issuedAt: 0,
    expiresAt: Date.now() + 3_600_000, kind: 'app',
  }),
  limits: {
    callsPerSecond: 1_000_000, callsBurst: 1_000_000, feedFanoutLimit: 2_000,
    maxUsersPerCall: 1_000, maxInFlightCalls: 0,
    maxUnauthenticatedPerAddress: 0, maxOutboundBytes: 64 * 1024 * 1024, maxEventLoopLagMs: 0,
  },
});
server.method(defineMethod()({
  name: 'echo', summary: 'answers its params', access: 'identity',
  params: Type.Object({ text: Type.String() }), result: Type.Object({ text: Type.String() }),
  example: { params: { text: 'Hi' }, result: { text: 'Hi' } },
  handler: (_call, params) => params,
}));
const url = await server.listen(0);

async function call(method: string, params: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer user0' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const text = await answer.text();
  if (text.includes('"error"')) throw new Error(`${method}: ${text}`);
}

if (room === 'channel') {
  await call('room.create', { room, kind: 'channel' });
} else if (room !== undefined) {
  const members = Array.from({ length: 999 }, (_, n) => `user${n + 1}`);
  await call('room.create', { room, members });
}
for (let n = 0; n < pairs; n++) {
  await call('room.create', { room: `r${n}`, members: [`user${2 * n}`, `user${2 * n + 1}`] });
}
console.log(url);
