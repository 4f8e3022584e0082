import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../../bin/data.js';
import { userKey } from '../../../src/base/ids.js';
import { createServer } from '../../../src/server.js';

t.test('data import takes a file in calls of 300, and says which lines were refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ringpost-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const server = createServer({ dev: true, data: false });
  const url = await server.listen(0);
  t.teardown(() => server.close());
  const rows = Array.from({ length: 350 }, (_, at) => `u${at},U${at}`);
  rows[320] = 'u320,"bad\u0007name"';
  const file = join(folder, 'users.csv');
  writeFileSync(file, ['user,name', ...rows, 'x,y,z'].join('\n'));
  const lines: string[] = [];
  const log = t.capture(console, 'log', (line: string) => { lines.push(line); });
  const asked = ['import', file, '--url', url, '--token', 'Anna:admin'];
  t.equal(await run(asked), 1);
  t.same(lines, [
    'line 322 (u320): name: pattern', 'line 352: more fields than columns',
    '349 created, 0 updated, 0 unchanged, 2 refused',
  ]);
  t.equal(await run([...asked, '--from', '323', '--json']), 1);
  t.match(JSON.parse(lines.at(-1) ?? ''), { created: 0, unchanged: 29, refused: [{ line: 352 }] });
  log.restore();
  t.match(await server.chat.store.users.get(userKey('default', 'u349')), { name: 'U349' });
  const refused = await run(['import', file, '--url', url, '--token', 'Petro']);
  t.equal(refused, 1, 'users may not');
});
