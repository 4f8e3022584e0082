import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import t from 'tap';
import { eventually } from '../helpers/eventually.js';
import { call, post, runCommand, startServer, temporaryFolder } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';

const version = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version as string;

/** A call is in flight. */
const waits = (url: string): Promise<unknown> => eventually('a call waits', async () =>
  /ringpost_calls_open 1/.test(await (await fetch(new URL('/metrics', url))).text()));

t.test('serve --dev needs no other flag, and prints one line with the whole URL', async (t) => {
  const folder = temporaryFolder(t);
  const run = runCommand(t, ['serve', '--dev', '--port', '0', '--data', folder]);
  const [line] = await run.printed(/.*ready.*/);
  t.match(line, /^ringpost is ready: http:\/\/127\.0\.0\.1:\d+\/rpc$/);
  t.match(run.stderr(), /DEVELOPMENT MODE/, 'loud');
  t.ok(await run.printed(/durability fsync/), 'says what durability is in force');
  t.match(JSON.parse(run.stdout().split('\n')[0] ?? ''), { level: 40 }, 'JSON where nobody looks');
});

t.test('a conversation by POST alone', async (t) => {
  const { url } = await startServer(t);
  const room = await call(url, 'Simon', 'room.create', { title: 'First chat', key: 'k' });
  const id = String(room['room']);
  await call(url, 'Simon', 'room.addMember', { room: id, user: 'Fedir' });
  const sent = await call(url, 'Simon', 'message.send', { room: id, text: 'Hi Fedir' });
  const history = await call(url, 'Fedir', 'message.history', { room: id });
  t.match(history, { messages: [{ from: 'Simon', text: 'Hi Fedir', seq: sent['seq'] }] });
  const { cursor } = await call(url, 'Fedir', 'feed.read');
  await call(url, 'Simon', 'message.send', { room: id, text: 'Again' });
  const page = await call(url, 'Fedir', 'feed.read', { since: cursor, waitMs: 5_000 });
  t.match(page, { events: [{ method: 'message.created', params: { text: 'Again' } }] });
});

t.test('calls without an identity, or not for this role, are refused', async (t) => {
  const { url } = await startServer(t);
  const request = { jsonrpc: '2.0', id: 1, method: 'server.stats' };
  t.match(await post(url, undefined, request),
    { error: { code: 401, data: { reason: 'missing' } } });
  t.match(await post(url, 'Petro', request), { error: { code: 403 } });
  t.match(await post(url, 'Root:admin', request), { result: { nodes: [{ draining: false }] } });
});

t.test('pages beside the API say that the server lives, serves and counts', async (t) => {
  const { url } = await startServer(t);
  const page = (path: string): Promise<Response> => fetch(new URL(path, url));
  t.equal((await page('/healthz')).status, 200);
  t.match(await (await page('/readyz')).json(), { ready: true });
  await call(url, 'Simon', 'room.list');
  const metrics = await (await page('/metrics')).text();
  t.match(metrics, /^ringpost_store_writable 1$/m);
  t.match(metrics, /room\.list/);
});

t.test('SIGTERM tells sessions, closes them and ends with 0', async (t) => {
  const server = await startServer(t);
  const { received, closed } = await openSocket(server.url, 'Simon');
  t.strictSame(await server.stop(), { code: 0, signal: null });
  t.match(received.find(({ method }) => method === 'server.draining')?.params, { afterMs: 0 });
  t.equal(await closed, 1001);
  t.match(server.output(), /Simon signed in/);
  t.match(server.output(), /Simon left/);
});

t.test('a call in flight is answered before the end, a poll with what there is', async (t) => {
  const server = await startServer(t);
  const { cursor } = await call(server.url, 'Simon', 'feed.read');
  const polling = call(server.url, 'Simon', 'feed.read', { since: cursor, waitMs: 25_000 });
  await waits(server.url);
  t.strictSame(await server.stop(), { code: 0, signal: null });
  t.match(await polling, { events: [], cursor });
});

t.test('what was acknowledged is there after kill -9 (G1)', async (t) => {
  const data = temporaryFolder(t);
  const first = await startServer(t, ['--data', data]);
  const { room } = await call(first.url, 'Simon', 'room.create', { title: 'Kept' });
  await call(first.url, 'Simon', 'message.send', { room, text: 'still here' });
  await first.kill();
  const second = await startServer(t, ['--data', data]);
  t.match(await call(second.url, 'Simon', 'message.history', { room }),
    { messages: [{ text: 'still here' }] });
  t.match(await call(second.url, 'Simon', 'user.get', { user: 'Simon' })
    .catch((error: Error) => error.message), /404|Simon/);
});

t.test('--dev refuses every network but the machine\'s own', async (t) => {
  const run = runCommand(t, ['serve', '--dev', '--host', '0.0.0.0', '--port', '0']);
  t.equal((await run.exit).code, 2);
  t.match(run.stderr(), /^ringpost: --dev takes any word for a token, so it refuses to listen/);
  t.equal(run.stdout(), '');
});

t.test('wrong flags and commands are one line, exit code 2', async (t) => {
  const flag = runCommand(t, ['serve', '--dev', '--prot', '1']);
  t.equal((await flag.exit).code, 2);
  t.equal(flag.stderr(), 'ringpost: unknown flag --prot (did you mean --port?); see --help\n');
  const name = runCommand(t, ['server']);
  t.equal((await name.exit).code, 2);
  t.match(name.stderr(), /unknown command server \(did you mean serve\?\)/);
});

t.test('help and version answer without a server', async (t) => {
  const help = runCommand(t, ['--help']);
  t.equal((await help.exit).code, 0);
  t.match(help.stdout(), /serve +run a server/);
  const serve = runCommand(t, ['serve', '--help']);
  t.equal((await serve.exit).code, 0);
  t.match(serve.stdout(), /ringpost serve --dev/);
  const number = runCommand(t, ['--version']);
  await number.exit;
  t.equal(number.stdout().trim(), version);
});

t.test('a token of the token command signs in; another secret\'s does not', async (t) => {
  const secret = 'correct horse battery staple, twice over';
  const token = async (...args: string[]): Promise<string> => {
    const run = runCommand(t, ['token', '--user', 'Simon', ...args]);
    t.equal((await run.exit).code, 0);
    return run.stdout().trim();
  };
  const { url } = await startServer(t, [], { RINGPOST_SECRET: secret });
  const good = await token('--secret', secret, '--role', 'admin', '--ttl', '1h');
  t.match(await call(url, good, 'server.stats'), { nodes: [{}] });
  t.match(await post(url, await token('--secret', 'another one'), {
    jsonrpc: '2.0', id: 1, method: 'room.list',
  }), { error: { code: 401, data: { reason: 'invalid' } } });
  t.match(await post(url, 'Simon', { jsonrpc: '2.0', id: 1, method: 'room.list' }),
    { error: { code: 401, data: { reason: 'invalid' } } }, 'names are no tokens here');
  await call(url, good, 'session.revoke', { user: 'Simon' });
  t.match(await post(url, good, { jsonrpc: '2.0', id: 1, method: 'room.list' }),
    { error: { code: 401, data: { reason: 'revoked' } } });
  const later = await token('--secret', secret);
  t.ok(await call(url, later, 'room.list'), 'a later token is good');
  const none = runCommand(t, ['token', '--user', 'Simon']);
  t.equal((await none.exit).code, 2);
  t.match(none.stderr(), /--secret is missing/);
});

t.test('a port that is taken is said in one line, exit code 1', async (t) => {
  const { url } = await startServer(t);
  const { port } = new URL(url);
  const run = runCommand(t, ['serve', '--dev', '--port', port, '--data', temporaryFolder(t)]);
  t.equal((await run.exit).code, 1);
  t.match(run.stderr(), /ringpost: cannot listen on 127\.0\.0\.1:\d+/);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => { socket.destroy(); resolve(); });
    socket.once('error', reject);
  });
});

t.test('data verify compares a store with its logs', async (t) => {
  const data = temporaryFolder(t);
  const server = await startServer(t, ['--data', data]);
  const { room } = await call(server.url, 'Simon', 'room.create', { members: ['Fedir'] });
  await call(server.url, 'Simon', 'message.send', { room, text: 'one' });
  await server.stop();
  const verified = runCommand(t, ['data', 'verify', '--data', data]);
  t.equal((await verified.exit).code, 0);
  t.match(verified.stdout(), /^1 rooms with 2 entries, 2 feeds .*all is well/m);
  const nothing = runCommand(t, ['data', 'verify', '--data', `${data}/none`]);
  t.equal((await nothing.exit).code, 1);
  t.match(nothing.stderr(), /holds no store/);
});
