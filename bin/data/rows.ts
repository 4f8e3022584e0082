/** One user of a file, with the line that it stands on; or what is wrong with that line. */
export interface FileRow {
  readonly line: number;
  readonly row?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

const columns = new Set([
  'user', 'login', 'name', 'surname', 'patronymic', 'role', 'groups', 'active',
]);
const truth: Readonly<Record<string, boolean>> = {
  true: true, yes: true, 1: true, false: false, no: false, 0: false,
};

/** One object a line (jsonlines.org); empty lines are passed over. */
export function* jsonLines(text: string): Iterable<FileRow> {
  for (const [index, written] of text.split('\n').entries()) {
    const line = index + 1;
    if (written.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(written);
    } catch {
      yield { line, reason: 'no JSON' };
      continue;
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      yield { line, reason: 'no object' };
    } else yield { line, row: { ...row } };
  }
}

/** Records of comma-separated values (RFC 4180), each with the line on which it begins. */
function* records(text: string): Iterable<{ line: number; fields: string[] }> {
  let [line, startedAt] = [1, 1];
  let fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\n') line++;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text.charAt(++at);
      else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === ',') {
      fields.push(field);
      field = '';
    } else if (char === '\n') {
      yield { line: startedAt, fields: [...fields, field.replace(/\r$/, '')] };
      fields = [];
      field = '';
      startedAt = line;
    } else field += char;
  }
  if (field !== '' || fields.length > 0) yield { line: startedAt, fields: [...fields, field] };
}

function rowOf(names: readonly string[], fields: readonly string[]): Omit<FileRow, 'line'> {
  if (fields.length > names.length) return { reason: 'more fields than columns' };
  const row: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    const written = (fields[index] ?? '').trim();
    if (written === '') continue;
    if (name === 'groups') row[name] = written.split(';').map((group) => group.trim());
    else if (name !== 'active') row[name] = written;
    else {
      const active = truth[written.toLowerCase()];
      if (active === undefined) return { reason: 'active: neither true nor false' };
      row[name] = active;
    }
  }
  return { row };
}

/**
 * Comma-separated values whose first record names the columns; groups are parted by semicolons.
 * @throws Error for a column that no user has
 */
export function* commaSeparated(text: string): Iterable<FileRow> {
  let names: string[] | undefined;
  for (const { line, fields } of records(text.replace(/^\uFEFF/, ''))) {
    if (fields.every((field) => field.trim() === '')) continue;
    if (names !== undefined) {
      yield { line, ...rowOf(names, fields) };
      continue;
    }
    names = fields.map((name) => name.trim());
    const strange = names.find((name) => !columns.has(name));
    if (strange !== undefined) {
      throw new Error(`no user has a column ${strange}; there are ${[...columns].join(', ')}`);
    }
    if (!names.includes('user')) throw new Error('the first line must name the column user');
  }
}
