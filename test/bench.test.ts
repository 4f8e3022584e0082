import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { Load } from '../bench/lib/load.js';
import { startServer } from '../bench/lib/processes.js';
import { within } from '../bench/lib/within.js';
import { script } from '../bench/rows/rpc.js';

const work = {
  kind: 'paced', frame: '{"jsonrpc":"2.0","id":%i,"method":"echo"}', perSecond: 200,
  durationMs: 1_000,
} as const;

async function measure(env: Readonly<Record<string, string>>) {
  const server = await startServer(script('servers/delayed'), [], env);
  try {
    const load = await Load.open({
      url: server.url.replace('http', 'ws'), connections: 4, firstNumber: 0, headers: {},
      prelude: [], answerHas: '"id":',
    });
    const round = await load.round(server, work);
    load.close();
    return round;
  } finally {
    await server.stop();
  }
}

t.test('the generator measures the latency that a server has', async (t) => {
  const { operations, errors, p50Ms = 0, wallSeconds } = await measure({ BENCH_DELAY_MS: '40' });
  t.equal(operations, 200, 'it sends what it was told to send');
  t.equal(errors, 0);
  t.ok(p50Ms >= 39 && p50Ms < 60, `half of the answers take the 40 ms that they take: ${p50Ms}`);
  t.ok(wallSeconds >= 1, 'at the pace that was asked for');
});

t.test('a pause of the server counts for every call that was due in it', async (t) => {
  const { p50Ms = 0, p99Ms = 0 } = await measure({ BENCH_STALL_MS: '400' });
  // 400 of 1,000 ms: those due at its beginning wait for nearly all of it.
  t.ok(p99Ms >= 300, `the slowest waited for the pause: ${p99Ms}`);
  t.ok(p50Ms < 200, `the others did not: ${p50Ms}`);
});

t.test('what takes too long ends in an error that says what it was', async (t) => {
  await t.rejects(within(new Promise(() => undefined), 5, 'a promise that nobody keeps'),
    { message: 'a promise that nobody keeps took more than 5 ms' });
});

t.test('a short run of the benchmarks shows that they work', async (t) => {
  const run = fileURLToPath(new URL('../bench/run.js', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath, [run, '--quick', 'rpc', 'fanout'], { timeout: 120_000 });
  for (const bench of ['rpc', 'batch', 'fanout-channel', 'fanout-feed']) {
    t.match(stdout, new RegExp(`### ${bench}: `), `${bench} has a table`);
  }
  t.notMatch(stdout, /NaN/, 'every figure is a number');
});
