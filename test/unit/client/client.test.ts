import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { ManualClock } from '../../../src/base/clock.js';
import { CallError, ClientError, createClient, type ClientOptions }
  from '../../../src/client/index.js';
import { Double, Refusal, silence, type Taken } from './double.js';

type Client = ReturnType<typeof createClient>;

function connect(t: Test, options: ClientOptions): Client {
  const client = createClient({ transports: ['websocket'], backoffBaseMs: 1, ...options });
  t.teardown(() => client.close());
  return client;
}

async function serve(t: Test, handler?: (taken: Taken) => unknown): Promise<Double> {
  const double = await Double.start(handler);
  t.teardown(() => double.stop());
  return double;
}

const nextError = (client: Client): Promise<ClientError> =>
  new Promise((resolve) => client.on('error', resolve));

const message = (seq: number) => ({ room: 'r', epoch: 'e', seq, at: 1, cursor: `c${seq}` });

t.test('a lost answer is asked for again under the same key (G3)', async (t) => {
  let sends = 0;
  const server = await serve(t, ({ method, socket }) => {
    if (method !== 'message.send') return undefined;
    sends += 1;
    if (sends > 1) return { seq: 5 };
    socket.terminate();
    return silence;
  });
  const client = connect(t, { url: server.url, token: 'ann' });
  t.same(await client.call('message.send', { room: 'r', text: 'hi' }), { seq: 5 });
  const keys = server.methods('message.send').map(({ params }) => params['key']);
  t.equal(keys.length, 2);
  t.match(keys[0], /^[0-9a-f]{32}$/);
  t.equal(keys[0], keys[1]);
});

t.test('an own method without a key is not sent twice behind its caller', async (t) => {
  const server = await serve(t, ({ method, socket }) => {
    if (method !== 'shop.buy') return undefined;
    socket.terminate();
    return silence;
  });
  const client = connect(t, { url: server.url, token: 'ann' });
  await t.rejects(client.call('shop.buy', {}), { name: 'ClientError', reason: 'lost' });
  await client.ready();
  t.equal(server.methods('shop.buy').length, 1);
});

t.test('the feed goes on from the last event, and repeats are dropped (G4)', async (t) => {
  let opened = 0;
  const server = await serve(t, ({ method, push }) => {
    if (method !== 'feed.open') return undefined;
    opened += 1;
    for (const seq of opened === 1 ? [1, 2, 3] : [2, 3, 4]) push('message.created', message(seq));
    return undefined;
  });
  const client = connect(t, { url: server.url, token: 'ann' });
  const seen: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    client.on('message.created', ({ seq }) => {
      seen.push(seq);
      if (seq === 4) resolve();
    });
  });
  const cut = new Promise<void>((resolve) => {
    client.on('message.created', ({ seq }) => {
      if (seq === 3) resolve();
    });
  });
  const { socket } = await server.call('feed.open');
  await cut;
  socket.terminate();
  await all;
  t.same(seen, [1, 2, 3, 4]);
  t.same((await server.call('feed.open', 2)).params, { since: 'c3' });
  t.same(client.position, { cursor: 'c4' });
});

t.test('a feed that can not go on is told as a reset, with the state', async (t) => {
  const state = { rooms: [], total: 0 };
  const server = await serve(t, ({ method }) =>
    method === 'feed.open' ? { cursor: 'fresh', recovered: false, state } : undefined);
  const client = connect(t, { url: server.url, token: 'ann', position: { cursor: 'old' } });
  t.same(await new Promise((resolve) => client.on('reset', resolve)), { state });
  t.equal(client.position.cursor, 'fresh');
});

t.test('a gap in a large room is read before what came after it (G5)', async (t) => {
  const large = (seq: number) => ({ room: 'big', epoch: 'e', seq, at: 1 });
  let opened = 0;
  const server = await serve(t, ({ method, push }) => {
    if (method !== 'feed.open') return undefined;
    opened += 1;
    for (const seq of opened === 1 ? [1, 4] : [2, 3, 4]) push('message.created', large(seq));
    return undefined;
  });
  const client = connect(t, { url: server.url, token: 'ann' });
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    client.on('message.created', ({ seq }) => {
      if (seen.push(seq) === 4) resolve();
    });
  });
  t.same(seen, [1, 2, 3, 4]);
  t.same(server.methods('feed.open')[1]?.params, {
    since: 'c0', rooms: { big: { seq: 1, epoch: 'e' } },
  });
});

t.test('4401 asks for a fresh token', async (t) => {
  const server = await serve(t);
  let tokens = 0;
  const client = connect(t, { url: server.url, token: async () => `ann${tokens += 1}` });
  await client.ready();
  server.methods('feed.open')[0]?.socket.close(4401);
  t.equal((await server.call('session.authenticate', 2)).params['token'], 'ann2');
  await server.call('feed.open', 2);
});

t.test('4403 ends it: an error event, calls refused, no more attempts', async (t) => {
  const server = await serve(t);
  const client = connect(t, { url: server.url, token: 'ann' });
  await client.ready();
  const error = nextError(client);
  server.methods('feed.open')[0]?.socket.close(4403);
  t.match(await error, { reason: 'forbidden' });
  t.equal(client.state, 'offline');
  await t.rejects(client.call('room.list'), { name: 'ClientError', reason: 'forbidden' });
});

t.test('a refused token is told, and another one signs in', async (t) => {
  const server = await serve(t, ({ method, params }) => {
    if (method === 'session.authenticate' && params['token'] === 'bad') {
      throw new Refusal(401, { reason: 'invalid' });
    }
    return undefined;
  });
  const client = connect(t, { url: server.url, token: 'bad' });
  t.match(await nextError(client), { reason: 'unauthenticated' });
  t.match(await client.authenticate('good'), { user: 'good' });
  t.same(await client.call('room.list'), {});
});

t.test('without a token it waits for authenticate; logout forgets the user', async (t) => {
  const server = await serve(t);
  const client = connect(t, { url: server.url });
  await t.rejects(client.call('room.list'), { name: 'ClientError', reason: 'unauthenticated' });
  await client.authenticate('ann');
  await client.logout();
  t.equal(client.session, undefined);
  t.same(client.position, {});
  t.match(await client.authenticate('bob'), { user: 'bob' });
});

t.test('a draining node is left for the one it names, answers in hand', async (t) => {
  const other = await serve(t);
  let release = (): void => undefined;
  const server = await serve(t, ({ method, socket, push }) => {
    if (method === 'feed.open') push('server.draining', { reconnectTo: other.url, afterMs: 0 });
    if (method !== 'slow.call') return undefined;
    release = () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 3, result: 'kept' }));
    return silence;
  });
  const client = connect(t, { url: server.url, token: 'ann' });
  await client.ready();
  const slow = client.call('slow.call');
  await server.call('slow.call');
  release();
  t.equal(await slow, 'kept');
  t.same((await other.call('feed.open')).params, { since: 'c0' });
  await client.ready();
  await client.call('room.list');
  t.equal(other.methods('room.list').length, 1);
});

t.test('busy is waited out, and an error that says nothing of it is the answer', async (t) => {
  let tries = 0;
  const server = await serve(t, ({ method }) => {
    if (method === 'room.get') throw new Refusal(404, { reason: 'not_found' });
    if (method !== 'shop.look') return undefined;
    tries += 1;
    if (tries < 3) throw new Refusal(-32009, { reason: 'overloaded', retryAfterMs: 1 });
    return 'shown';
  });
  const client = connect(t, { url: server.url, token: 'ann', random: () => 0 });
  t.equal(await client.call('shop.look'), 'shown');
  const error = await client.call('room.get', { room: 'r' }).catch((fault: unknown) => fault);
  t.ok(error instanceof CallError && error.code === 404 && error.data?.reason === 'not_found');
});

t.test('an aborted call is cancelled at the server too', async (t) => {
  const server = await serve(t, ({ method }) => method === 'slow.call' ? silence : undefined);
  const client = connect(t, { url: server.url, token: 'ann' });
  const abort = new AbortController();
  const call = client.call('slow.call', {}, { signal: abort.signal });
  await server.call('slow.call');
  abort.abort(new Error('changed my mind'));
  await t.rejects(call, { message: 'changed my mind' });
  t.equal(typeof (await server.call('$/cancelRequest')).params['id'], 'number');
});

t.test('a call ends when its time is over, connected or not', async (t) => {
  const server = await serve(t, ({ method }) => method === 'slow.call' ? silence : undefined);
  const clock = new ManualClock();
  const client = connect(t, { url: server.url, token: 'ann', clock });
  const call = client.call('slow.call', {}, { timeoutMs: 500 });
  await server.call('slow.call');
  clock.advance(500);
  await t.rejects(call, { name: 'ClientError', reason: 'timeout' });
});

t.test('a silent server is asked for a sign of life, then left', async (t) => {
  let dead = false;
  const server = await serve(t, () => dead ? silence : undefined);
  const clock = new ManualClock();
  const client = connect(t, { url: server.url, token: 'ann', clock, idleMs: 1_000 });
  await client.ready();
  clock.advance(1_000);
  await server.call('server.info');
  await client.call('room.list');
  dead = true;
  clock.advance(10_000);
  t.equal(client.state, 'online', 'it was answered');
  await server.call('server.info', 2);
  const offline = new Promise<void>((resolve) => client.on('state', ({ state }) => {
    if (state !== 'online') resolve();
  }));
  clock.advance(10_000);
  await offline;
});

t.test('watches come back, and what changed meanwhile is told', async (t) => {
  let online = true;
  const server = await serve(t, ({ method }) =>
    method === 'presence.subscribe' ? { users: { bob: { online } } } : undefined);
  const client = connect(t, { url: server.url, token: 'ann' });
  await client.call('presence.subscribe', { users: ['bob'] });
  const changed = new Promise((resolve) => client.on('presence.changed', resolve));
  online = false;
  server.methods('feed.open')[0]?.socket.terminate();
  t.match(await changed, { user: 'bob', online: false });
});

t.test('an unreachable server is told once, and calls wait for it', async (t) => {
  const gone = await Double.start();
  const { url } = gone;
  await gone.stop();
  const other = await serve(t);
  const alone = connect(t, { url, token: 'ann' });
  t.match(await nextError(alone), { reason: 'unreachable' });
  const client = connect(t, { urls: [url, other.url], token: 'ann' });
  client.on('error', () => undefined);
  t.same(await client.call('room.list'), {});
  client.close();
  await t.rejects(client.call('room.list'), { name: 'ClientError', reason: 'closed' });
  t.equal(client.state, 'closed');
});

t.test('a runtime with a WebSocket of its own is taken at its word', async (t) => {
  const server = await serve(t);
  let made = 0;
  class Own extends WebSocket {
    constructor(url: string) {
      super(url);
      made += 1;
    }
  }
  const before: unknown = Reflect.get(globalThis, 'WebSocket');
  Reflect.set(globalThis, 'WebSocket', Own);
  t.teardown(() => Reflect.set(globalThis, 'WebSocket', before));
  const client = connect(t, { url: server.url, token: 'ann' });
  t.same(await client.call('room.list'), {});
  t.equal(made, 1);
  server.methods('feed.open')[0]?.socket.terminate();
  await server.call('feed.open', 2);
  t.equal(made, 2);
});

t.throws(() => createClient({}), TypeError, 'no url');
t.throws(() => createClient({ url: 'ftp://x' }), TypeError, 'no URL of a server');
