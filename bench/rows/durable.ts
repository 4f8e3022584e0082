import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, type Contender } from '../lib/compare.js';
import { Load } from '../lib/load.js';
import { startServer } from '../lib/processes.js';
import type { Result } from '../lib/report.js';
import type { Effort } from '../run.js';
import { script } from './rpc.js';

const connections = 64;
const text = 'A hundred bytes of text, as in a message that somebody types while on the phone to a '
  + 'customer of theirs.';
const call = (method: string, params: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id: '%i', method, params });

const servers = [{
  name: 'ringpost', script: 'servers/ringpost', env: { BENCH_PAIRS: String(connections / 2) },
  authorization: 'Bearer user%n', prelude: [call('feed.open', {})],
  preludeHas: '"id":', answerHas: '"id":', frame: call('message.send', { room: 'r%h', text }),
}, {
  name: 'Socket.IO + LMDB', script: 'baselines/socket-io-lmdb', env: {}, authorization: '',
  prelude: ['40', '420["join","r%h"]'], preludeHas: '4', answerHas: '431[',
  frame: `421["send",${JSON.stringify({ room: 'r%h', text })}]`,
}];

interface Measured {
  readonly contender: Contender;
  /** Its latencies at half of the load that it took in the rounds, in an open loop. */
  atHalfLoad(perSecond: number, durationMs: number): Promise<{ p50Ms?: number; p99Ms?: number }>;
  stop(): Promise<void>;
}

async function measured(one: typeof servers[number], data: string): Promise<Measured> {
  const server = await startServer(script(one.script), [], { ...one.env, BENCH_DATA: data });
  const load = await Load.open({
    url: server.url.replace('http', 'ws'), connections, firstNumber: 0,
    headers: one.authorization === '' ? {} : { authorization: one.authorization },
    prelude: one.prelude, preludeHas: one.preludeHas, answerHas: one.answerHas,
  });
  const { frame } = one;
  return {
    contender: {
      name: one.name,
      round: (durationMs) => load.round(server, {
        kind: 'call', frame, window: 4, durationMs, callsPerFrame: 1,
      }),
    },
    atHalfLoad: (perSecond, durationMs) =>
      load.round(server, { kind: 'paced', frame, perSecond, durationMs }),
    async stop() {
      load.close();
      await server.stop();
    },
  };
}

/** A message to one recipient, acknowledged when it is on disk: dialogs of two. */
export async function durableBench(effort: Effort): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringpost-bench-'));
  const running: Measured[] = [];
  try {
    for (const one of servers) running.push(await measured(one, join(folder, one.name)));
    const standings = await compare(
      running.map(({ contender }) => contender), effort.rounds, effort.durationMs);
    const withLatency = [];
    for (const [index, standing] of standings.entries()) {
      const half = await running[index]?.atHalfLoad(standing.perSecond / 2, effort.durationMs);
      const { p50Ms, p99Ms } = half ?? {};
      withLatency.push({
        ...standing, ...(p50Ms !== undefined && p99Ms !== undefined && { p50Ms, p99Ms }),
      });
    }
    return [{
      bench: 'durable', standings: withLatency, targets: { 'Socket.IO + LMDB': 1.5 },
      work: 'messages to one recipient, acknowledged when on disk, 64 connections in pairs',
      notes: ['p50 and p99: from when a message was due to its acknowledgement, open loop, at half '
        + 'of what the server took in the rounds. To reach: p99 ≤ 10 ms.',
      'ringpost checks membership and keeps the idempotency key, both feeds, the room list, read '
        + 'positions and the outbox mark with each message; Socket.IO keeps the message alone.'],
    }];
  } finally {
    for (const one of running) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
