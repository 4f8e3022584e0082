import { median } from '../lib/compare.js';
import { Load } from '../lib/load.js';
import { cpuSeconds, residentBytes, startServer } from '../lib/processes.js';
import type { Result } from '../lib/report.js';
import type { Effort } from '../run.js';
import { script } from './rpc.js';

const servers = [
  { name: 'ringpost', script: 'servers/ringpost', authorization: 'Bearer user%n' },
  { name: 'raw uWebSockets.js', script: 'baselines/raw-uws', authorization: '' },
];

/** Resident bytes after a collection: the servers collect when they are sent SIGUSR2. */
async function resident(pid: number): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < 10; look++) {
    process.kill(pid, 'SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, 200));
    least = Math.min(least, residentBytes(pid));
  }
  return least;
}

async function bytesEach(one: typeof servers[number], from: number, to: number): Promise<number> {
  const server = await startServer(script(one.script), [], {}, [],
    ['--expose-gc', '--import', new URL('../lib/collect.js', import.meta.url).href]);
  const loads: Load[] = [];
  const open = async (connections: number, firstNumber: number) => {
    loads.push(await Load.open({
      url: server.url.replace('http', 'ws'), connections, firstNumber, prelude: [],
      headers: one.authorization === '' ? {} : { authorization: one.authorization },
      answerHas: '"id":',
    }));
  };
  try {
    const pid = server.pids[0] ?? 0;
    await open(from, 0);
    const before = await resident(pid);
    for (let n = from; n < to; n += 5_000) await open(Math.min(5_000, to - n), n);
    return (await resident(pid) - before) / (to - from);
  } finally {
    for (const load of loads) load.close();
    await server.stop();
  }
}

/** What an idle connection with an identity costs, by the difference of two numbers of them. */
export async function idleBench(effort: Effort): Promise<Result[]> {
  const [from, to] = effort.rounds === 1 ? [200, 600] : [5_000, 15_000];
  const rows: { name: string; value: number }[] = [];
  for (const one of servers) {
    rows.push({ name: one.name, value: Math.round(await bytesEach(one, from, to)) });
  }
  return [{
    bench: 'idle', work: 'resident bytes of an idle connection', standings: [], targets: {},
    values: { unit: 'bytes', rows, toReach: '≤ 3,072' },
    notes: [`The difference between ${from.toLocaleString('en')} and ${to.toLocaleString('en')} `
      + 'connections, after a collection; ringpost’s are signed in, each as its own user.'],
  }];
}

/** From the start of the process to the answer to its first call, everything in memory. */
export async function startBench(effort: Effort): Promise<Result[]> {
  const servers = [
    { name: 'ringpost', path: 'servers/ringpost' },
    { name: 'bare node:http', path: 'baselines/bare' },
  ].map((one) => ({ ...one, wallMs: [] as number[], cpuMs: [] as number[] }));
  for (let round = 0; round < effort.rounds + 1; round++) {
    for (const { path, wallMs, cpuMs } of servers) {
      const began = performance.now();
      const server = await startServer(script(path));
      const answer = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer user' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'echo', params: { text: 'Hi' } }),
      });
      const text = await answer.text();
      if (!text.includes('"result"')) throw new Error(`not an answer: ${text}`);
      wallMs.push(performance.now() - began);
      cpuMs.push(cpuSeconds(server.pids[0] ?? 0) * 1000);
      await server.stop();
    }
  }
  const rows = servers.flatMap(({ name, wallMs, cpuMs }) => [
    { name, value: Math.round(median(wallMs)) },
    { name: `${name}, CPU time`, value: Math.round(median(cpuMs)) },
  ]);
  return [{
    bench: 'start', work: 'from the start of the process to its first answer', standings: [],
    targets: {}, values: { unit: 'ms', rows, toReach: '≤ 400' },
    notes: ['On a busy machine the first figure says how busy it is; the CPU time says what '
      + 'starting takes.'],
  }];
}
