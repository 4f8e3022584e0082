import { parseArgs } from 'node:util';
import { stopServers } from './lib/processes.js';
import { publish, save, table, type Result } from './lib/report.js';
import { callBench } from './rows/rpc.js';
import { httpBench } from './rows/http.js';
import { durableBench } from './rows/durable.js';
import { fanoutBench } from './rows/fanout.js';
import { clusterBench } from './rows/cluster.js';
import { idleBench, startBench } from './rows/footprint.js';

/** How long and how often: `--quick` only shows that everything runs. */
export interface Effort {
  readonly rounds: number;
  readonly durationMs: number;
}

const rows: Readonly<Record<string, (effort: Effort) => Promise<Result[]>>> = {
  rpc: callBench,
  http: httpBench,
  fanout: fanoutBench,
  cluster: clusterBench,
  durable: durableBench,
  idle: idleBench,
  start: startBench,
};

const help = `npm run bench                 every row, results in bench/results and bench/README.md
npm run bench -- NAME …       only these: ${Object.keys(rows).join(', ')}
npm run bench -- --quick      one short round of each: shows that it runs, says nothing about speed
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const names = positionals.length > 0 ? positionals : Object.keys(rows);
const unknown = names.find((name) => rows[name] === undefined);
if (unknown !== undefined) {
  console.error(`there is no benchmark called ${unknown}\n\n${help}`);
  process.exit(2);
}
const effort = values.quick ? { rounds: 1, durationMs: 300 } : { rounds: 5, durationMs: 2_000 };
process.on('exit', stopServers);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
try {
  for (const name of names) {
    console.error(`── ${name}`);
    for (const result of await rows[name]?.(effort) ?? []) {
      console.log(table(result));
      if (values.quick) continue;
      save(result);
      publish(result);
    }
  }
} catch (error) {
  console.error(error);
  process.exit(1);
}
process.exit(0);
