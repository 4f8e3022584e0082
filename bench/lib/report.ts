import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Standing } from './compare.js';

/** A measured row of performance.md with the ratios that it is to reach. */
export interface Result {
  readonly bench: string;
  readonly work: string;
  readonly standings: readonly Standing[];
  /** What each baseline leaves out, and other remarks. */
  readonly notes: readonly string[];
  /** Ratio to reach, by the baseline's name. */
  readonly targets: Readonly<Record<string, number>>;
  /** In place of standings, where not the speed is measured: one figure each, ours first. */
  readonly values?: {
    readonly unit: string;
    readonly rows: readonly { readonly name: string; readonly value: number }[];
    readonly toReach: string;
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

const whole = (value: number) => Math.round(value).toLocaleString('en');

/** One result as a Markdown table, for the terminal and for bench/README.md. */
export function table(result: Result): string {
  if (result.values !== undefined) return valueTable(result, result.values);
  const latency = result.standings.some((standing) => standing.p99Ms !== undefined);
  const rows = result.standings.map((standing, index) => {
    const target = result.targets[standing.name];
    const ratio = index === 0 ? '' : `${standing.ratio.toFixed(2)} `
      + `(${standing.ratioMin.toFixed(2)}–${standing.ratioMax.toFixed(2)})`;
    const cells = [standing.name, whole(standing.perCpuSecond), whole(standing.perSecond)];
    if (latency) {
      cells.push(standing.p50Ms?.toFixed(1) ?? '', standing.p99Ms?.toFixed(1) ?? '');
    }
    cells.push(ratio, target === undefined ? '' : `≥ ${target}`, String(standing.errors));
    return `| ${cells.join(' | ')} |`;
  });
  const heads = ['server', 'per CPU-second', 'per second', ...latency ? ['p50 ms', 'p99 ms'] : [],
    'ours ÷ it', 'to reach', 'errors'];
  return [
    `### ${result.bench}: ${result.work}`, '',
    `| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows, '',
    ...result.notes.map((note) => `- ${note}`), '',
  ].join('\n');
}

function valueTable(result: Result, values: NonNullable<Result['values']>): string {
  const rows = values.rows.map(({ name, value }, index) =>
    `| ${name} | ${whole(value)} | ${index === 0 ? values.toReach : ''} |`);
  return [
    `### ${result.bench}: ${result.work}`, '',
    `| server | ${values.unit} | to reach |`, '|---|---|---|', ...rows, '',
    ...result.notes.map((note) => `- ${note}`), '',
  ].join('\n');
}

/** Writes bench/results/NAME.json. */
export function save(result: Result): void {
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${result.bench}.json`, `${JSON.stringify({
    ...result, date: new Date().toISOString().slice(0, 10), commit: commit(), machine: machine(),
  }, null, 2)}\n`);
}

export const machine = (): string => `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, `
  + `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;

/** Puts the table between its marks in bench/README.md. */
export function publish(result: Result): void {
  const path = 'bench/README.md';
  const text = readFileSync(path, 'utf8');
  const [open, close] = [`<!-- ${result.bench} -->`, `<!-- /${result.bench} -->`];
  const block = `${open}\n${table(result)}\n_${machine()}; ${new Date().toISOString().slice(0, 10)}`
    + `, commit ${commit()}._\n${close}`;
  const from = text.indexOf(open);
  const to = text.indexOf(close);
  writeFileSync(path, from < 0 || to < 0 ? `${text.trimEnd()}\n\n${block}\n`
    : text.slice(0, from) + block + text.slice(to + close.length));
}
