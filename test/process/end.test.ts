import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { eventually } from '../helpers/eventually.js';
import { call, runScript, startServer, temporaryFolder, type Run } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';

const script = fileURLToPath(new URL('../helpers/faulty-server.js', import.meta.url));

async function start(t: Test): Promise<{ run: Run; url: string; data: string }> {
  const data = temporaryFolder(t);
  const run = runScript(t, [script, data]);
  const [, url = ''] = await run.printed(/ready: (\S+)/);
  return { run, url, data };
}

for (const fault of ['test.fault', 'test.reject']) {
  t.test(`${fault}: what was acknowledged is kept, clients are told, and the end is not 0`,
    async (t) => {
      const { run, url, data } = await start(t);
      const { room } = await call(url, 'Simon', 'room.create', { members: ['Fedir'] });
      const fedir = await openSocket(url, 'Fedir');
      await fedir.call('feed.open');
      const sent = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        call(url, 'Simon', 'message.send', { room, text: `m${i}` })));
      const startedAt = performance.now();
      await call(url, 'Simon', fault).catch(() => undefined);
      t.equal(await fedir.closed, 1012, 'told to come back');
      t.equal((await run.exit).code, 1);
      t.ok(performance.now() - startedAt < 5_000, 'within 5 s');
      t.ok(fedir.events('server.draining').length > 0);
      t.match(run.stdout(), /a fault that nobody caught/);
      const again = await startServer(t, ['--data', data]);
      const { messages } = await call(again.url, 'Fedir', 'message.history', { room });
      t.equal(Object(messages).length, sent.length, 'nothing acknowledged is lost');
    });
}

t.test('a handler that throws costs its own call only', async (t) => {
  const { url } = await start(t);
  await t.rejects(call(url, 'Simon', 'test.throw'), /-32603/);
  t.ok(await call(url, 'Simon', 'room.list'));
});

t.test('a call that never ends holds a drain up, until a second SIGTERM', async (t) => {
  const { run, url } = await start(t);
  const simon = await openSocket(url, 'Simon');
  void simon.call('test.hang');
  await eventually('the call hangs', async () =>
    /ringpost_calls_open 1/.test(await (await fetch(new URL('/metrics', url))).text()));
  run.child.kill('SIGTERM');
  await run.printed(/draining/);
  await eventually('sessions are told', () => simon.events('server.draining').length === 1);
  t.match(await simon.call('room.list'), { error: { code: -32009, data: { reason: 'draining' } } });
  run.child.kill('SIGTERM');
  t.equal((await run.exit).code, 1);
  t.match(run.stdout(), /ending at once/);
});
