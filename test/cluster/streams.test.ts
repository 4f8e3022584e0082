import t, { type Test } from 'tap';
import { freePort } from '../../src/supervisor/local-cluster.js';
import { client, Listener } from '../client/served.js';
import { eventually } from '../helpers/eventually.js';
import { startRedises } from '../helpers/redis.js';
import { call, runCommand, startServer } from '../helpers/server.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const redis = servers.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');

/** An event stream as its text so far, and its session. */
async function openStream(t: Test, url: string, user: string) {
  const over = new AbortController();
  t.teardown(() => over.abort());
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${user}` }, signal: over.signal,
  });
  let text = '';
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
  })().catch(() => undefined);
  await eventually('the stream is open', () => text.includes('session.opened'));
  const [, session = ''] = /"session":"([^"]+)"/.exec(text) ?? [];
  return { session, text: () => text };
}

const postOn = (url: string, user: string, session: string, method: string, params: object) =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json', authorization: `Bearer ${user}`,
      'ringpost-session': session,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });

t.test('calls for an event stream find it from any node', async (t) => {
  const [one, two] = await Promise.all(['one', 'two'].map((name) =>
    startServer(t, ['--redis', redis, '--node', name])));
  if (one === undefined || two === undefined) throw new Error('no node');
  await eventually('they know each other', async () => {
    const { nodes } = await call(one.url, 'Simon', 'server.info');
    return Array.isArray(nodes) && nodes.length === 2;
  });
  const simon = await openStream(t, two.url, 'Simon');
  const answer = await postOn(one.url, 'Simon', simon.session, 'presence.subscribe', {
    users: ['Fedir'] });
  t.equal(answer.status, 200);
  t.match(await answer.json(), { result: { users: { Fedir: { online: false } } } });
  await openStream(t, one.url, 'Fedir');
  await eventually('the stream has the event', () => simon.text().includes('presence.changed'));
  const error = await postOn(one.url, 'Simon', simon.session, 'room.get', { room: 'none' });
  t.match(await error.json(), { error: { code: 404 } });
  t.equal((await postOn(one.url, 'Fedir', simon.session, 'room.list', {})).status, 409,
    'somebody else\'s');
  t.equal((await postOn(one.url, 'Simon', 'never-was', 'room.list', {})).status, 409);
});

t.test('a client on an event stream talks over workers that share a port', async (t) => {
  const port = await freePort();
  const run = runCommand(t, ['serve', '--dev', '--workers', '2', '--redis', redis,
    '--node', 'w', '--port', String(port)]);
  t.teardown(async () => {
    run.child.kill('SIGTERM');
    await run.exit;
  });
  await eventually('both workers serve', () =>
    run.stdout().match(/ringpost is ready/g)?.length === 2, 30_000);
  const [, url = ''] = await run.printed(/ready: (\S+)/);
  await call(url, 'Simon', 'room.create', { room: 'shared', members: ['Fedir'] });
  const fedir = client(t, url, 'Fedir', { transports: ['sse'] });
  let lost = 0;
  fedir.on('state', ({ state }) => { if (state !== 'online') lost += 1; });
  const heard = new Listener(fedir, 'shared');
  await fedir.ready();
  const before = lost;
  const texts = Array.from({ length: 12 }, (_, i) => `${i}`);
  // Connections of their own, so that the kernel spreads them over the workers.
  for (const text of texts) await fedir.call('message.send', { room: 'shared', text });
  await Promise.all(texts.map((_, i) => fedir.call('message.history', {
    room: 'shared', limit: i + 1 })));
  await heard.heard('11');
  t.strictSame(heard.texts, texts);
  t.equal(lost, before, 'the stream held');
});
