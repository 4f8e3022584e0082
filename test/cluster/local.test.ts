import t, { type Test } from 'tap';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { holdConversation } from '../helpers/conversation.js';
import { call, runCommand, temporaryFolder, type Run } from '../helpers/server.js';

interface Local {
  readonly run: Run;
  readonly urls: readonly string[];
}

/** `ringpost cluster` on free ports, once it said what to type next. */
async function start(t: Test, folder: string): Promise<Local> {
  const run = runCommand(t, ['cluster', '--port', '0', '--data', folder, '--fsync', 'always']);
  t.teardown(async () => {
    run.child.kill('SIGINT');
    await run.exit;
  });
  await run.printed(/Ctrl-C ends all of it/);
  const urls = [...run.stdout().matchAll(/^ {2}node\d +(http\S+)$/gm)].map(([, url = '']) => url);
  return { run, urls };
}

t.test('one command starts a cluster, Ctrl-C ends it, and its data stays', async (t) => {
  const folder = temporaryFolder(t);
  const { run, urls: [one = '', two = ''] } = await start(t, folder);
  t.match(run.stdout(), `client ${one} --user Simon`);
  t.match(run.stdout(), `client ${two} --user Fedir`);
  t.notMatch(run.output(), /oO0OoO|Memory overcommit|\{"level"/, 'nothing that nobody needs');
  t.equal(run.output().match(/DEVELOPMENT MODE/g)?.length, 1);
  await holdConversation(t, { simon: one, fedir: two });

  const second = runCommand(t, ['cluster', '--port', '0', '--data', folder]);
  t.match(await second.exit, { code: 1 });
  t.match(second.stderr(), /shard1 is open in another process/);

  run.child.kill('SIGINT');
  t.strictSame(await run.exit, { code: 0, signal: null });
  t.notMatch(run.output(), /"kind":"crash"|ended by/);

  // Its folders are free again: no server of it is left.
  const again = await start(t, folder);
  const { messages } = await call(again.urls[1] ?? '', 'Simon', 'message.history', {
    room: 'First chat',
  });
  const terminated = again.run.exit;
  again.run.child.kill('SIGTERM');
  t.strictSame(await terminated, { code: 0, signal: null });
  t.match(messages, [{ text: 'Hi Fedir' }, { text: 'Hi from curl' }]);
});

t.test('without redis-server it says how to install it', async (t) => {
  const run = runCommand(t, ['cluster'], { PATH: temporaryFolder(t) });
  t.match(await run.exit, { code: 1 });
  t.match(run.stderr(), /apt-get install redis-server/);
  t.match(run.stderr(), /brew install redis/);
});

t.test('a port that is taken is named before anything starts', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const run = runCommand(t, ['cluster', '--port', String(port), '--data', temporaryFolder(t)]);
  t.match(await run.exit, { code: 1 });
  t.match(run.stderr(), `port ${port} is taken`);
  t.equal(run.stdout(), '');
});
