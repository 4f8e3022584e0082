import { fileURLToPath } from 'node:url';
import { compare, type Contender } from '../lib/compare.js';
import { Load } from '../lib/load.js';
import { startServer } from '../lib/processes.js';
import type { Result } from '../lib/report.js';
import type { Effort } from '../run.js';

const connections = 64;
const text = 'A hundred bytes of text, as in a message that somebody types while on the phone to a '
  + 'customer of theirs.';
const rpcFrame = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'echo', params: { text } });

interface Server {
  readonly name: string;
  readonly script: string;
  readonly frame?: string;
  readonly prelude?: readonly string[];
  readonly answerHas?: string;
  readonly preludeHas?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const script = (path: string): string =>
  fileURLToPath(new URL(`../${path}.js`, import.meta.url));

const servers: readonly Server[] = [
  {
    name: 'ringpost', script: 'servers/ringpost',
    headers: { authorization: 'Bearer user%n' },
  },
  { name: 'raw uWebSockets.js', script: 'baselines/raw-uws' },
  { name: 'ws', script: 'baselines/ws' },
  { name: 'rpc-websockets', script: 'baselines/rpc-websockets' },
  {
    name: 'Socket.IO', script: 'baselines/socket-io',
    frame: `421["echo",${JSON.stringify({ text })}]`,
    prelude: ['40'], preludeHas: '40{', answerHas: '431[',
  },
];

/** One call on a WebSocket, and a batch of 50: 64 connections, 4 calls in flight on each. */
export async function callBench(effort: Effort): Promise<Result[]> {
  const single: Contender[] = [];
  const batch: Contender[] = [];
  const stops: (() => unknown)[] = [];
  const many = `[${Array.from({ length: 50 }, (_, id) => rpcFrame.replace('"id":1', `"id":${id}`))
    .join(',')}]`;
  for (const server of servers) {
    const running = await startServer(script(server.script));
    const load = await Load.open({
      url: running.url.replace('http', 'ws'), connections, firstNumber: 0,
      headers: server.headers ?? {}, prelude: server.prelude ?? [],
      answerHas: server.answerHas ?? '"id":',
      ...(server.preludeHas === undefined ? {} : { preludeHas: server.preludeHas }),
    });
    stops.push(() => load.close(), () => running.stop());
    const frame = server.frame ?? rpcFrame;
    single.push({
      name: server.name,
      round: (durationMs) => load.round(running, {
        kind: 'call', frame, window: 4, durationMs, callsPerFrame: 1,
      }),
    });
    if (server.name !== 'ringpost' && server.name !== 'rpc-websockets') continue;
    batch.push({
      name: server.name,
      round: (durationMs) => load.round(running, {
        kind: 'call', frame: many, window: 1, durationMs, callsPerFrame: 50,
      }),
    });
  }
  const results: Result[] = [{
    bench: 'rpc', work: 'calls on WebSockets, 64 connections, 4 in flight on each',
    standings: await compare(single, effort.rounds, effort.durationMs),
    notes: ['ringpost checks the identity, the params against a schema, limits and rates, and '
      + 'counts the call; the others do none of it.'],
    targets: { 'raw uWebSockets.js': 0.8, 'rpc-websockets': 1.5, 'Socket.IO': 1.8 },
  }, {
    bench: 'batch', work: 'calls in batches of 50 on WebSockets, 64 connections',
    standings: await compare(batch, effort.rounds, effort.durationMs),
    notes: ['rpc-websockets is the only one of the peers that answers batches on WebSockets.'],
    targets: {},
  }];
  for (const stop of stops) await stop();
  return results;
}
