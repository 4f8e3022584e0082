import type { User } from './users.js';

export interface PlannedRow {
  readonly line: number;
  readonly user: string;
  readonly change: 'new' | 'changed' | 'unchanged' | 'wrong';
  readonly what: string;
}

/** What an import would do to the users that there are. */
export interface Plan {
  readonly rows: readonly PlannedRow[];
  /** Rows worth sending. */
  readonly good: readonly object[];
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly wrong: number;
}

type Row = Readonly<Record<string, unknown>>;

/** Cells of CSV (RFC 4180): quotes may hold commas, line breaks and doubled quotes. */
function cellsOf(source: string): string[][] {
  const lines: string[][] = [[]];
  const pattern = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/gy;
  for (let match = pattern.exec(source); match !== null; match = pattern.exec(source)) {
    const [whole, cell = '', end] = match;
    const plain = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell.trim();
    lines.at(-1)?.push(plain);
    if (end !== ',' && end !== '') lines.push([]);
    if (whole === '' || end === '') break;
  }
  return lines.filter((line) => line.some((cell) => cell !== ''));
}

function fromCsv(source: string): Row[] {
  const [header = [], ...lines] = cellsOf(source);
  if (!header.includes('user')) throw new Error('the first line names the columns; user is needed');
  return lines.map((line) => Object.fromEntries(header.flatMap((name, i): [string, unknown][] => {
    const cell = line[i] ?? '';
    if (cell === '') return [];
    if (name === 'groups') return [[name, cell.split(/[\s;]+/)]];
    return [[name, name === 'active' ? /^(true|1|yes)$/i.test(cell) : cell]];
  })));
}

/**
 * Rows of JSON, JSON lines or CSV.
 * @throws Error for what is none of them
 */
export function rowsOf(source: string): Row[] {
  const trimmed = source.trim();
  if (trimmed.startsWith('[')) {
    const rows: unknown = JSON.parse(trimmed);
    return Array.isArray(rows) ? rows.map((row) => Object(row)) : [];
  }
  if (trimmed.startsWith('{')) return trimmed.split('\n').map((line) => Object(JSON.parse(line)));
  return fromCsv(trimmed);
}

const said = (value: unknown): string =>
  Array.isArray(value) ? [...value].sort().join(' ') : String(value ?? '');

/** Compares rows with the users that there are. */
export function planOf(rows: readonly Row[], users: readonly User[]): Plan {
  const known = new Map(users.map((user) => [user.user, user]));
  const planned = rows.map((row, i): PlannedRow => {
    const { user, ...fields } = row;
    const line = i + 1;
    if (typeof user !== 'string' || user === '') {
      return { line, user: said(user), change: 'wrong', what: 'no user id' };
    }
    const before = known.get(user);
    if (before === undefined) {
      return { line, user, change: 'new', what: Object.entries(fields)
        .map(([name, value]) => `${name}: ${said(value)}`).join(', ') };
    }
    const differences = Object.entries(fields)
      .filter(([name, value]) => said(Reflect.get(before, name)) !== said(value))
      .map(([name, value]) =>
        `${name}: ${said(Reflect.get(before, name)) || '–'} → ${said(value)}`);
    return differences.length === 0 ? { line, user, change: 'unchanged', what: '' }
      : { line, user, change: 'changed', what: differences.join(', ') };
  });
  const count = (change: PlannedRow['change']): number =>
    planned.filter((row) => row.change === change).length;
  return {
    rows: planned, good: rows.filter((_, i) => planned[i]?.change !== 'wrong'),
    created: count('new'), updated: count('changed'), unchanged: count('unchanged'),
    wrong: count('wrong'),
  };
}
