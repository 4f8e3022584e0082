import autocannon from 'autocannon';
import { compare, type Contender } from '../lib/compare.js';
import { cpuDuring, startServer } from '../lib/processes.js';
import type { Result } from '../lib/report.js';
import type { Effort } from '../run.js';
import { script } from './rpc.js';

const body = JSON.stringify({
  jsonrpc: '2.0', id: 1, method: 'echo',
  params: { text: 'A hundred bytes of text, as in a message that somebody types while on the phone '
    + 'to a customer of theirs.' },
});

const servers = [
  { name: 'ringpost', script: 'servers/ringpost', authorization: 'Bearer user' },
  { name: 'raw uWebSockets.js', script: 'baselines/raw-uws' },
  { name: 'fastify + json-rpc-2.0', script: 'baselines/fastify' },
  { name: 'jayson', script: 'baselines/jayson' },
];

/** One call by HTTP POST: 64 connections, one call in flight on each. */
export async function httpBench(effort: Effort): Promise<Result[]> {
  const contenders: Contender[] = [];
  const stops: (() => unknown)[] = [];
  for (const server of servers) {
    const running = await startServer(script(server.script));
    stops.push(() => running.stop());
    const { authorization } = server;
    contenders.push({
      name: server.name,
      async round(durationMs) {
        const started = performance.now();
        const { value, cpu } = await cpuDuring(running, async () => autocannon({
          url: running.url, connections: 64, duration: durationMs / 1000, method: 'POST', body,
          headers: {
            'content-type': 'application/json',
            ...(authorization === undefined ? {} : { authorization }),
          },
        }));
        return {
          operations: value['2xx'], errors: value.errors + value.non2xx, cpuSeconds: cpu,
          wallSeconds: (performance.now() - started) / 1000,
        };
      },
    });
  }
  const result: Result = {
    bench: 'http', work: 'calls by HTTP POST, 64 connections',
    standings: await compare(contenders, effort.rounds, effort.durationMs),
    notes: ['ringpost checks the identity, the params against a schema, limits and rates, and '
      + 'counts the call; the others do none of it.'],
    targets: { 'raw uWebSockets.js': 0.75, 'fastify + json-rpc-2.0': 2.5, jayson: 3 },
  };
  for (const stop of stops) await stop();
  return [result];
}
