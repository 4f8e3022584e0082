import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.js';
import { randomId } from '../../src/base/ids.js';
import { signToken } from '../../src/auth/index.js';
import { call, post, startServer } from '../helpers/server.js';
import { openSocket, type Received, type TestSocket } from '../helpers/socket.js';

const secret = 'a secret of this test, long enough for HS256';
const token = (user: string, tenant?: string, lifeMs = 600_000): Promise<string> => signToken(
  { user, lifeMs, ...(tenant !== undefined && { tenant }) }, secret, systemClock, randomId);

/** The real server with its own rate out of the way, and one user over HTTP and WebSocket. */
async function target(t: Test, ...flags: string[]): Promise<{
  url: string; simon: string; socket: TestSocket;
  /** The same call over HTTP and over WebSocket: both answers, without their ids. */
  both(method: string, params: unknown): Promise<unknown[]>;
}> {
  const { url } = await startServer(t, [
    '--secret', secret, ...['callsPerSecond=0', 'callsBurst=0'].flatMap((one) => ['--limit', one]),
    ...flags,
  ]);
  const simon = await token('Simon');
  const socket = await openSocket(url, simon);
  t.teardown(() => socket.socket.terminate());
  return {
    url, simon, socket,
    async both(method, params) {
      const answers = [
        await post(url, simon, { jsonrpc: '2.0', id: 0, method, params }),
        await socket.call(method, params),
      ];
      return answers.map((answer) => {
        const { result, error } = Object(answer) as Received;
        return error === undefined ? { result } : { error };
      });
    },
  };
}

const invalid = (reason: string, path: string, limit?: string): unknown => ({
  error: {
    code: -32602, message: 'Invalid params',
    data: { reason, path, ...(limit !== undefined && { limit }) },
  },
});
const notFound = { error: { code: 404, message: 'Not found', data: { reason: 'not_found' } } };
const x = (n: number): string => 'x'.repeat(n);

t.test('names, texts, keys, limits and cursors that are none', async (t) => {
  const { both, url, simon } = await target(t);
  await call(url, simon, 'room.create', { room: 'r' });
  const feed = await call(url, await token('Fedir'), 'feed.read');
  const foreign = String(feed['cursor']);
  const own = String((await call(url, simon, 'feed.read'))['cursor']);
  const send = (more: object): [string, object] => ['message.send', { room: 'r', ...more }];
  const since = (since: unknown): [string, object] => ['feed.read', { since }];
  const cases: readonly (readonly [string, readonly [string, object], unknown])[] = [
    ['NUL in a name', ['room.get', { room: 'a\0b' }], invalid('pattern', '/room')],
    ['a control character', ['room.get', { room: 'a\u0007' }], invalid('pattern', '/room')],
    ['a C1 control character', ['room.get', { room: 'a\u0085' }], invalid('pattern', '/room')],
    ['half a surrogate', ['room.get', { room: '\ud800' }], invalid('pattern', '/room')],
    ['an empty name', ['room.get', { room: '' }], invalid('pattern', '/room')],
    ['a name that is an object', ['room.get', { room: {} }], invalid('wrong_type', '/room')],
    ['a name of 129 bytes', ['room.get', { room: x(129) }],
      invalid('too_long', '/room', 'maxIdBytes')],
    ['too long in bytes', ['room.get', { room: 'ä'.repeat(65) }],
      invalid('too_long', '/room', 'maxIdBytes')],
    ['a name {} as text', ['room.get', { room: '{}' }], notFound],
    ['a name *', ['room.get', { room: '*' }], notFound],
    ['a name __proto__', ['room.get', { room: '__proto__' }], notFound],
    ['a member with NUL', ['room.create', { members: ['a\0b'] }],
      invalid('pattern', '/members/0')],
    ['an empty text', send({ text: '' }), invalid('empty', '/text')],
    ['half a surrogate in a text', send({ text: 'a\udc00' }), invalid('lone_surrogate', '/text')],
    ['a text one over the limit', send({ text: x(4_097) }),
      invalid('too_long', '/text', 'maxTextCodePoints')],
    ['one over in code points of two units', send({ text: '😀'.repeat(4_097) }),
      invalid('too_long', '/text', 'maxTextCodePoints')],
    ['a key of 129 bytes', send({ text: 'a', key: x(129) }),
      invalid('too_long', '/key', 'maxIdBytes')],
    ['an empty key', send({ text: 'a', key: '' }), invalid('pattern', '/key')],
    ['a history limit of 10^9', ['message.history', { room: 'r', limit: 1e9 }],
      invalid('too_large', '/limit', 'maxHistoryPage')],
    ['a history limit of 0', ['message.history', { room: 'r', limit: 0 }],
      invalid('too_small', '/limit')],
    ['a history limit of 1.5', ['message.history', { room: 'r', limit: 1.5 }],
      invalid('wrong_type', '/limit')],
    ['a cursor that is none', since('no cursor'), invalid('malformed', '/since')],
    ['an empty cursor', since(''), invalid('malformed', '/since')],
    ['a cursor that was cut', since(own.slice(0, own.indexOf('.'))),
      invalid('malformed', '/since')],
    ['a cursor of 513 bytes', since(x(513)), invalid('malformed', '/since')],
    ['a cursor that is a number', since(1), invalid('wrong_type', '/since')],
    ['a cursor of another user', since(foreign), { result: { recovered: false, events: [] } }],
    ['a cursor of the future', since(own.replace(/[^.]*$/, 'zzzz')),
      { result: { recovered: false, events: [] } }],
    ['a forged epoch', since(`A${own}`), { result: { recovered: false, events: [] } }],
  ];
  for (const [what, [method, params], wanted] of cases) {
    const answers = await both(method, params);
    for (const answer of answers) {
      if ('error' in Object(wanted)) t.strictSame(answer, wanted, what);
      else t.match(answer, wanted, what);
    }
  }
});

t.test('what is within the bounds by one is taken, and look-alikes stay apart', async (t) => {
  const { both, url, simon } = await target(t);
  await call(url, simon, 'room.create', { room: 'r' });
  for (const params of [{ text: x(4_096) }, { text: '😀'.repeat(4_096) }]) {
    for (const answer of await both('message.send', { room: 'r', ...params })) {
      t.match(answer, { result: { seq: Number } });
    }
  }
  const alike = [
    'Paul', 'P\u0430ul', 'Paul ', 'paul', 'Pau\u200bl', '\u00c5ngstrom', 'A\u030angstrom',
  ];
  const owners = new Map<string, unknown>();
  for (const [n, room] of alike.entries()) {
    const user = await token(room);
    const made = await call(url, user, 'room.create', { room, title: `title ${n}` });
    owners.set(room, made['owner']);
  }
  t.strictSame([...owners], alike.map((name) => [name, name]), 'each is its own');
  for (const room of alike.slice(1)) {
    t.strictSame(
      await post(url, await token('Paul'), { jsonrpc: '2.0', id: 0, method: 'room.get',
        params: { room } }),
      { jsonrpc: '2.0', id: 0, ...notFound }, 'the one may not read the other');
  }
});

t.test('existence does not show: private, of another tenant, and nothing are one', async (t) => {
  const { url, both } = await target(t);
  await call(url, await token('Petro'), 'room.create', { room: 'private' });
  await call(url, await token('Petro', 'other'), 'room.create', { room: 'elsewhere' });
  const methods: readonly (readonly [string, object])[] = [
    ['room.get', {}], ['room.members', {}], ['room.leave', {}], ['room.delete', {}],
    ['room.update', { title: 'mine' }], ['room.addMember', { user: 'Simon' }],
    ['room.removeMember', { user: 'Petro' }], ['message.send', { text: 'a' }],
    ['message.history', {}], ['message.edit', { seq: 1, text: 'a' }],
    ['message.delete', { seq: 1 }], ['message.read', { seq: 1 }], ['message.typing', {}],
    ['message.search', { query: 'a' }],
  ];
  for (const [method, more] of methods) {
    const texts = new Set<string>();
    for (const room of ['private', 'elsewhere', 'nothing']) {
      for (const answer of await both(method, { room, ...more })) texts.add(JSON.stringify(answer));
    }
    t.strictSame([...texts], [JSON.stringify(notFound)], method);
  }
});

t.test('another tenant is another world: same names, nothing shared', async (t) => {
  const { url, simon } = await target(t);
  const other = await token('Simon', 'other');
  await call(url, simon, 'room.create', { room: 'r', members: ['Fedir'] });
  await call(url, other, 'room.create', { room: 'r', title: 'theirs' });
  await call(url, simon, 'message.send', { room: 'r', text: 'ours' });
  t.match(await call(url, other, 'message.history', { room: 'r' }), { messages: [] });
  t.match(await call(url, other, 'presence.query', { users: ['Simon', 'Fedir'] }),
    { users: { Simon: { online: false, devices: 0 }, Fedir: { online: false, devices: 0 } } });
  t.strictSame(await call(url, other, 'presence.query', { users: ['Simon'] }),
    { users: { Simon: { online: false, devices: 0 } } }, 'as one never seen');
});

t.test('subscriptions end at their limit, and churn leaves nothing behind', async (t) => {
  const { socket, url, simon } = await target(t);
  const users = (n: number): string[] => Array.from({ length: 1_000 }, (_, i) => `u${n}-${i}`);
  t.match(await socket.call('presence.subscribe', { users: users(0) }), { result: {} });
  for (let n = 1; n < 10; n++) {
    t.match(await socket.call('presence.subscribe', { users: users(n) }), { error: {
      code: -32006, data: { limit: 'maxPresenceSubscriptions' },
    } });
  }
  await socket.call('presence.unsubscribe', { users: users(0) });
  for (let n = 0; n < 50; n++) {
    const list = users(n);
    void socket.call('presence.subscribe', { users: list });
    await socket.call('presence.unsubscribe', { users: list });
  }
  t.match(await socket.call('presence.subscribe', { users: users(99) }), { result: {} });
  t.match(await call(url, simon, 'server.info'), { limits: {} }, 'the server is well');
});

t.test('a flood is answered 429, then closed with 4429; a neighbour goes on', async (t) => {
  const { url } = await startServer(t, ['--secret', secret]);
  const [flooder, neighbour] = await Promise.all([
    openSocket(url, await token('Flood')), openSocket(url, await token('Simon')),
  ]);
  t.match(await flooder.call('room.create', { room: 'f' }), { result: {} });
  for (let n = 0; n < 2_000; n++) {
    void flooder.call('message.send', { room: 'f', text: 'flood' });
  }
  t.equal(await flooder.closed, 4429);
  const refused = flooder.received.find(({ error }) => error !== undefined);
  t.match(refused, { error: { code: 429, data: { retryAfterMs: Number } } });
  t.match(await neighbour.call('room.list'), { result: { rooms: [] } });
  neighbour.socket.terminate();
});

t.test('a token that ends ends its session, and belongs to its user', async (t) => {
  const { url, simon, socket } = await target(t);
  t.match(await socket.call('session.authenticate', { token: await token('Fedir') }),
    { error: { code: 403, data: { reason: 'other_user' } } });
  t.match(await socket.call('session.authenticate', { token: await token('Simon', 'other') }),
    { error: { code: 403, data: { reason: 'other_user' } } }, 'a tenant is part of who one is');
  t.match(await socket.call('session.authenticate', { token: simon }),
    { result: { user: 'Simon' } }, 'a refresh');
  const brief = await openSocket(url, await token('Petro', undefined, 2_000));
  t.equal(await brief.closed, 4401, 'expired while connected');
  t.equal(brief.events('session.expiring').length, 1);
});
