import { compare, type Contender } from '../lib/compare.js';
import { Load } from '../lib/load.js';
import { startServer } from '../lib/processes.js';
import type { Result } from '../lib/report.js';
import type { Effort } from '../run.js';
import { script } from './rpc.js';

const receivers = 1_000;
const text = 'A hundred bytes of text, as in a message that somebody types while on the phone to a '
  + 'customer of theirs.';
const call = (method: string, params: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id: '%i', method, params });

interface Case {
  readonly name: string;
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly prelude: readonly string[];
  readonly answerHas?: string;
  readonly authorization?: string;
  readonly frame: string;
  readonly has: string;
}

const rawLoop: Case = {
  name: 'raw uWebSockets.js send loop', script: 'baselines/raw-uws', prelude: [],
  frame: call('loop', { room: 'all', text }), has: '"event"',
};
const rawPublish: Case = {
  ...rawLoop, name: 'raw uWebSockets.js publish', frame: call('publish', { room: 'all', text }),
};
const socketIo: Case = {
  name: 'Socket.IO room', script: 'baselines/socket-io', prelude: ['40'], answerHas: '40{',
  frame: `421["publish",${JSON.stringify({ room: 'all', text })}]`, has: '["event"',
};
const ours = (room: string): Case => ({
  name: `ringpost ${room}`, script: 'servers/ringpost', env: { BENCH_ROOM: room },
  authorization: 'Bearer user%n',
  prelude: room === 'channel'
    ? [call('feed.open', {}), call('room.subscribe', { room })] : [call('feed.open', {})],
  frame: call('message.send', { room, text }), has: '"message.created"',
});

async function contender(one: Case): Promise<{ contender: Contender; stop: () => Promise<void> }> {
  const server = await startServer(script(one.script), [], one.env);
  const load = await Load.open({
    url: server.url.replace('http', 'ws'), connections: receivers, firstNumber: 0,
    headers: one.authorization === undefined ? {} : { authorization: one.authorization },
    prelude: one.prelude, answerHas: one.answerHas ?? '"id":',
  });
  return {
    contender: {
      name: one.name,
      round: (durationMs) => load.round(server, {
        kind: 'fanout', frame: one.frame, window: 8, durationMs, has: one.has, receivers,
      }),
    },
    async stop() {
      load.close();
      await server.stop();
    },
  };
}

async function run(
  bench: string, work: string, cases: readonly Case[], targets: Result['targets'], effort: Effort,
): Promise<Result> {
  const running = [];
  for (const one of cases) running.push(await contender(one));
  const standings = await compare(
    running.map((one) => one.contender), effort.rounds, effort.durationMs,
  );
  for (const one of running) await one.stop();
  return {
    bench, work, standings, targets,
    notes: ['Each message of ringpost is numbered and stored (in memory here, as the others keep '
      + 'nothing), and acknowledged to its sender; the others only pass it on.'],
  };
}

/** One event to 1,000 connections, as a channel and as a room whose members each have a cursor. */
export async function fanoutBench(effort: Effort): Promise<Result[]> {
  return [
    await run('fanout-channel', 'deliveries of one event to 1,000 connections, one frame for all',
      [ours('channel'), rawPublish, socketIo],
      { [rawPublish.name]: 0.9, [socketIo.name]: 2.5 }, effort),
    await run('fanout-feed', 'deliveries of one event to 1,000 connections, to each its own cursor',
      [ours('room'), rawLoop, socketIo],
      { [rawLoop.name]: 0.9, [socketIo.name]: 1.8 }, effort),
  ];
}
