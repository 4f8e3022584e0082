import { createServer } from '../../src/index.js';

// One node of ringpost over the shards in BENCH_REDIS. Rates are lifted, since all of the load
// comes from one address; everything else is as it ships.
const server = createServer({
  redis: (process.env['BENCH_REDIS'] ?? '').split(','),
  verify: (token) => ({
    user: token, tenant: 'default', role: 'user', groups: [], issuedAt: 0,
    expiresAt: Date.now() + 3_600_000, kind: 'app',
  }),
  limits: {
    callsPerSecond: 1_000_000, callsBurst: 1_000_000, maxUnauthenticatedPerAddress: 0,
    maxEventLoopLagMs: 0,
  },
});
console.log(await server.listen(0));
