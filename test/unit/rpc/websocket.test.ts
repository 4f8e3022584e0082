import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { startEcho } from '../../helpers/echo-server.js';
import { WsClient } from '../../helpers/ws-client.js';

const parsed = (client: WsClient): { id?: number; method?: string }[] =>
  client.frames.map((text) => JSON.parse(text));

t.test('a call is answered, a notification is not', async (t) => {
  const { wsUrl } = await startEcho(t);
  const client = await WsClient.open(t, wsUrl);
  client.send('echo', { quiet: true });
  t.same(await client.call('echo', { text: 'Grüße 👋' }), { text: 'Grüße 👋' });
  t.equal(client.frames.length, 1);
  t.match(await client.call('who'), {
    user: null, transport: 'websocket', address: '127.0.0.1', canPush: true,
  });
});

t.test('answers and events leave in the order in which they were queued', async (t) => {
  const { wsUrl, dispatcher } = await startEcho(t);
  const client = await WsClient.open(t, wsUrl);
  client.send('later', { name: 'a' }, 1);
  client.send('later', { name: 'b' }, 2);
  await client.call('echo');
  client.frames.length = 0;
  const [session] = dispatcher.sessions;
  dispatcher.open.get('b')?.({});
  session?.notify('between', '{}');
  dispatcher.open.get('a')?.({});
  client.send('push', {}, 3);
  await client.until(() => client.frames.length === 6);
  t.same(parsed(client).map((one) => one.id ?? one.method),
    [2, 'between', 1, 'before', 3, 'after']);
});

t.test('a token that comes with the upgrade signs in, and calls wait for it', async (t) => {
  const { wsUrl, host } = await startEcho(t);
  let letIn = (): void => undefined;
  host.gate = new Promise((resolve) => { letIn = resolve; });
  const client = await WsClient.open(t, wsUrl, { headers: { authorization: 'Bearer Simon' } });
  const answers = Promise.all([client.call('who'), client.call('echo', { n: 1 })]);
  client.socket.ping();
  await new Promise((resolve) => client.socket.once('pong', resolve));
  t.equal(client.frames.length, 0);
  letIn();
  t.match(await answers, [{ user: 'Simon' }, { n: 1 }]);
  t.same(parsed(client).map((one) => one.id), [1, 2]);
});

t.test('a bad token is answered 401 before there is a socket', async (t) => {
  const { wsUrl, server } = await startEcho(t);
  for (const token of ['Bearer bad', 'Bearer slowbad', 'Basic eA==']) {
    const client = new WsClient(wsUrl, { headers: { authorization: token } });
    const status = await new Promise((resolve) => client.socket.once('unexpected-response',
      (_request, response) => resolve(response.statusCode)));
    t.equal(status, 401, token);
  }
  t.equal([...server.sessions()].length, 0);
});

t.test('a refused sign-in closes with the code that says what to do next', async (t) => {
  const { wsUrl } = await startEcho(t);
  for (const [user, code] of [['blocked', 4403], ['revoked', 4403], ['crowd', 4409]] as const) {
    const client = await WsClient.open(t, wsUrl, { headers: { authorization: `Bearer ${user}` } });
    t.equal((await client.closed()).code, code, user);
  }
});

t.test('more frames than may be in flight before the sign-in is through is a flood', async (t) => {
  const { wsUrl, host } = await startEcho(t, {}, { maxInFlightCalls: 4 });
  host.gate = new Promise(() => undefined);
  const client = await WsClient.open(t, wsUrl, { headers: { authorization: 'Bearer Simon' } });
  for (let i = 0; i < 5; i += 1) client.send('echo', {}, i);
  t.equal((await client.closed()).code, 4429);
});

t.test('without an identity in time it is closed with 4401', async (t) => {
  const clock = new ManualClock();
  const { wsUrl } = await startEcho(t, { clock });
  const silent = await WsClient.open(t, wsUrl);
  const known = await WsClient.open(t, wsUrl);
  await known.call('authenticate', { user: 'Simon' });
  await silent.call('echo');
  clock.advance(9_000);
  await silent.call('echo');
  clock.advance(2_000);
  t.equal((await silent.closed()).code, 4401);
  t.same(await known.call('echo', { still: 'here' }), { still: 'here' });
});

t.test('a connection that answers no ping is closed with 4408, and no other', async (t) => {
  const clock = new ManualClock();
  const { wsUrl, dispatcher } = await startEcho(t, { clock });
  const alive = await WsClient.open(t, wsUrl);
  const dead = await WsClient.open(t, wsUrl, { autoPong: false });
  for (const client of [alive, dead]) await client.call('authenticate', { user: 'Simon' });
  const pinged = Promise.all([alive, dead].map((client) =>
    new Promise((resolve) => client.socket.once('ping', resolve))));
  clock.advance(31_000);
  await pinged;
  // The pong of the living one has arrived once a later frame of it has.
  await alive.call('echo');
  clock.advance(30_000);
  t.equal((await dead.closed()).code, 4408);
  t.same(await alive.call('echo', { n: 2 }), { n: 2 });
  t.equal(dispatcher.ended.length, 1);
});

t.test('an expiry is announced, then closes with 4401; a refresh pushes it out', async (t) => {
  const clock = new ManualClock();
  const { wsUrl } = await startEcho(t, { clock }, { idleTimeoutMs: 0 });
  const refreshed = await WsClient.open(t, wsUrl);
  const forgotten = await WsClient.open(t, wsUrl);
  const expiresAt = clock.now() + 120_000;
  for (const client of [refreshed, forgotten]) {
    await client.call('authenticate', { user: 'Simon', expiresAt });
  }
  clock.advance(61_000);
  await forgotten.until(() => forgotten.frames.length === 2);
  t.match(parsed(forgotten)[1], { method: 'session.expiring', params: { expiresAt } });
  await refreshed.call('authenticate', { user: 'Simon', expiresAt: expiresAt + 600_000 });
  clock.advance(60_000);
  t.same(await forgotten.closed(), { code: 4401, reason: 'expired' });
  t.same(await refreshed.call('echo', { n: 1 }), { n: 1 });
  t.equal(refreshed.frames.filter((text) => text.includes('session.expiring')).length, 1);
});

t.test('a slow reader is closed with 4508, and its neighbour hears everything', async (t) => {
  const { wsUrl, dispatcher, server } = await startEcho(t);
  const slow = await WsClient.open(t, wsUrl);
  const neighbour = await WsClient.open(t, wsUrl);
  for (const client of [slow, neighbour]) await client.call('join', { topic: 'news' });
  const session = dispatcher.sessions[0];
  slow.socket.pause();
  const event = JSON.stringify({ text: 'x'.repeat(50_000) });
  let sent = 0;
  let outcome = session?.notify('event', event);
  while (outcome !== 'dropped' && sent < 10_000) {
    sent += 1;
    outcome = session?.notify('event', event);
    if (sent % 10 === 0) await new Promise(setImmediate);
  }
  t.equal(outcome, 'dropped');
  t.equal(session?.closing, true);
  server.topics.publish('news', 'event', '{}');
  await neighbour.until(() => neighbour.frames.length === 2);
  slow.socket.resume();
  t.equal((await slow.closed()).code, 4508);
});

t.test('a slow reader of a topic is closed with 4508 too', async (t) => {
  const { wsUrl, dispatcher, server } = await startEcho(t);
  const slow = await WsClient.open(t, wsUrl);
  const neighbour = await WsClient.open(t, wsUrl);
  for (const client of [slow, neighbour]) await client.call('join', { topic: 'news' });
  slow.socket.pause();
  const event = JSON.stringify({ text: 'x'.repeat(50_000) });
  let published = 0;
  while (dispatcher.sessions[0]?.closing === false && published < 10_000) {
    server.topics.publish('news', 'event', event);
    published += 1;
    await neighbour.until(() => neighbour.frames.length === published + 1);
  }
  slow.socket.resume();
  t.equal((await slow.closed()).code, 4508);
  t.notOk(neighbour.closedWith);
});

t.test('a long replay waits for the reader, and nothing of it is lost', async (t) => {
  const { wsUrl, dispatcher } = await startEcho(t, {}, { maxOutboundBytes: 200_000 });
  const client = await WsClient.open(t, wsUrl);
  await client.call('echo');
  const [session] = dispatcher.sessions;
  const text = 'x'.repeat(1000);
  let waited = 0;
  for (let n = 0; n < 10_000; n += 1) {
    session?.notify('event', JSON.stringify({ n, text }));
    if ((session?.bufferedBytes ?? 0) > 50_000) {
      waited += 1;
      await session?.drained();
    }
  }
  await client.until(() => client.frames.length === 10_001);
  t.ok(waited > 0);
  t.notOk(session?.closing);
  t.equal(parsed(client).slice(1).every((one, n) => {
    const event = one as { params?: { n?: number } };
    return event.params?.n === n;
  }), true, 'in order');
});

t.test('what ends a session runs once, and nothing touches its socket afterwards', async (t) => {
  const { wsUrl, dispatcher, server } = await startEcho(t);
  const client = await WsClient.open(t, wsUrl);
  client.send('later', { name: 'a' }, 1);
  await client.call('echo');
  const [session] = dispatcher.sessions;
  let ends = 0;
  const ended = new Promise<void>((resolve) => session?.onEnd(() => {
    ends += 1;
    resolve();
  }));
  client.socket.terminate();
  await ended;
  dispatcher.open.get('a')?.({});
  t.equal(session?.notify('event', '{}'), 'dropped');
  t.equal(session?.sendText('{}'), 'dropped');
  session?.join('news');
  session?.leave('news');
  session?.close(4400, 'late');
  await session?.drained();
  t.equal(session?.bufferedBytes, 0);
  session?.onEnd(() => { ends += 1; });
  t.equal(ends, 2);
  t.same(dispatcher.ended, [session]);
  t.equal([...server.sessions()].length, 0);
});

t.test('many connections of one address may wait to authenticate, one more may not', async (t) => {
  const { wsUrl } = await startEcho(t, {}, { maxUnauthenticatedPerAddress: 2 });
  const first = await WsClient.open(t, wsUrl);
  await WsClient.open(t, wsUrl);
  const statusOf = (client: WsClient): Promise<number> => new Promise((resolve) => {
    client.socket.once('open', () => resolve(101));
    client.socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
    });
    t.teardown(() => client.socket.terminate());
  });
  t.equal(await statusOf(new WsClient(wsUrl)), 429);
  const known = new WsClient(wsUrl, { headers: { authorization: 'Bearer Simon' } });
  t.equal(await statusOf(known), 101, 'those who bring a token are not counted');
  await first.call('authenticate', { user: 'Simon' });
  t.equal(await statusOf(new WsClient(wsUrl)), 101, 'a place is free');
  await first.call('logout');
  t.equal(await statusOf(new WsClient(wsUrl)), 429, 'logging out takes one again');
});
