import { readFileSync } from 'node:fs';
import { createClient, type Client } from '../../src/client/index.js';
import { commaSeparated, jsonLines, type FileRow } from './rows.js';

export interface ImportWanted {
  readonly file: string;
  readonly url: string;
  readonly token: string;
  /** Line to go on from. */
  readonly from: number;
  readonly overwrite: boolean;
  readonly json: boolean;
}

interface Report {
  created: number;
  updated: number;
  unchanged: number;
  readonly refused: { line: number; user?: string; reason: string }[];
}

/** What one call takes (protocol.md, user.import). */
const callRows = 300;

/** One call's worth of rows; a call that was cut off is made again under the same key (G3). */
async function send(
  client: Client, rows: readonly FileRow[], overwrite: boolean, report: Report,
): Promise<void> {
  const users = rows.map(({ row }) => row);
  const answer = await client.call('user.import', { users, overwrite });
  report.created += answer.created;
  report.updated += answer.updated;
  report.unchanged += answer.unchanged;
  for (const { index, ...refused } of answer.errors) {
    report.refused.push({ line: rows[index]?.line ?? 0, ...refused });
  }
}

/**
 * Takes the users of a file into a running server; the same file again changes nothing.
 * @returns the exit code: 0 where every row was taken, 1 where some were refused
 * @throws Error that says from which line to go on
 */
export async function importUsers(wanted: ImportWanted): Promise<number> {
  const { file, url, token, from, overwrite } = wanted;
  const text = readFileSync(file, 'utf8');
  const rows = [...file.endsWith('.csv') ? commaSeparated(text) : jsonLines(text)]
    .filter(({ line }) => line >= from);
  const report: Report = { created: 0, updated: 0, unchanged: 0, refused: [] };
  for (const { line, reason } of rows) {
    if (reason !== undefined) report.refused.push({ line, reason });
  }
  const good = rows.filter(({ row }) => row !== undefined);
  const client = createClient({ url, token, feed: false });
  try {
    for (let at = 0; at < good.length; at += callRows) {
      try {
        await send(client, good.slice(at, at + callRows), overwrite, report);
      } catch (cause) {
        const line = good[at]?.line ?? from;
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${why}; go on with --from ${line}`, { cause });
      }
    }
  } finally {
    client.close();
  }
  tell(report, wanted.json);
  return report.refused.length === 0 ? 0 : 1;
}

function tell(report: Report, json: boolean): void {
  report.refused.sort((a, b) => a.line - b.line);
  if (json) {
    console.log(JSON.stringify(report));
    return;
  }
  for (const { line, user, reason } of report.refused) {
    console.log(`line ${line}${user === undefined ? '' : ` (${user})`}: ${reason}`);
  }
  const { created, updated, unchanged, refused } = report;
  console.log(`${created} created, ${updated} updated, ${unchanged} unchanged, `
    + `${refused.length} refused`);
}
