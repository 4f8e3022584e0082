import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { call, runCommand, startServer, temporaryFolder } from '../../helpers/server.js';

t.test('an export taken in elsewhere gives the same again; one cut short is refused', async (t) => {
  const [data, other, folder] = [
    temporaryFolder(t), temporaryFolder(t), temporaryFolder(t),
  ];
  const server = await startServer(t, ['--data', data]);
  await call(server.url, 'ann', 'room.create', { room: 'r' });
  await call(server.url, 'ann', 'message.send', { room: 'r', text: 'kept' });
  const busy = runCommand(t, ['data', 'export', '--data', data]);
  t.equal((await busy.exit).code, 1);
  t.match(busy.stderr(), /is open in another process/);
  await server.stop();

  const first = runCommand(t, ['data', 'export', '--data', data]);
  t.equal((await first.exit).code, 0);
  t.match(first.stdout(), /"text":"kept"/);
  const [file, cut] = [join(folder, 'all.jsonl'), join(folder, 'cut.jsonl')];
  writeFileSync(file, first.stdout());
  writeFileSync(cut, first.stdout().replace(/.*\n$/, ''));

  const refused = runCommand(t, ['data', 'import', cut, '--data', other]);
  t.equal((await refused.exit).code, 1);
  t.match(refused.stderr(), /not whole/);
  for (const said of [/imported \d+ rooms/, /were there already/]) {
    const taken = runCommand(t, ['data', 'import', file, '--data', other]);
    t.equal((await taken.exit).code, 0);
    t.match(taken.stderr(), said);
  }
  const second = runCommand(t, ['data', 'export', '--data', other]);
  t.equal((await second.exit).code, 0);
  t.equal(second.stdout(), first.stdout());
});
