import t from 'tap';
import Type from 'typebox';
import {
  createServer, defineEvent, defineMethod, RpcError, unauthenticated, type Chat, type Identity,
} from '../../../src/index.js';
import { call, post, startInProcess } from '../../helpers/server.js';

const double = defineMethod<Chat>()({
  name: 'shop.double',
  summary: 'Doubles a number.',
  params: Type.Object({ value: Type.Integer() }),
  result: Type.Object({ value: Type.Integer(), for: Type.String() }),
  access: 'identity',
  example: { params: { value: 2 }, result: { value: 4, for: 'Simon' } },
  handler: ({ identity }, { value }) => ({ value: value * 2, for: identity.user }),
});

const request = (method: string, params: unknown = {}): unknown =>
  ({ jsonrpc: '2.0', id: 1, method, params });

t.test('an application adds methods, checked and documented like the server\'s own', async (t) => {
  const server = await startInProcess(t, {}, (s) => {
    s.method(double).event(defineEvent({
      name: 'shop.sold', summary: 'Something was sold.',
      params: Type.Object({ at: Type.Integer() }), example: { at: 1 },
    }));
  });
  t.strictSame(await call(server.url, 'Simon', 'shop.double', { value: 21 }),
    { value: 42, for: 'Simon' });
  t.match(await post(server.url, 'Simon', request('shop.double', { value: 'x' })),
    { error: { code: -32602, data: { path: '/value' } } });
  t.match(await post(server.url, undefined, request('shop.double', { value: 1 })),
    { error: { code: 401 } });
  const document = JSON.stringify(await call(server.url, 'Simon', 'rpc.discover'));
  t.match(document, /"shop\.double"/);
  t.match(document, /"shop\.sold"/);
  t.throws(() => server.method(double), RangeError, 'a name is taken once');
});

t.test('an interceptor stands around every call', async (t) => {
  const seen: string[] = [];
  const server = await startInProcess(t, {}, (s) => {
    s.interceptor((next) => (call, params) => {
      seen.push(call.method);
      return next(call, params);
    });
  });
  await call(server.url, 'Simon', 'room.list');
  t.strictSame(seen, ['room.list']);
});

t.test('the application\'s own verifier says who calls', async (t) => {
  const verify = (token: string): Identity => {
    if (token !== 'cookie') throw unauthenticated('invalid');
    return {
      user: 'u1', tenant: 'shop', role: 'admin', groups: [], issuedAt: Date.now(),
      expiresAt: Infinity, kind: 'app',
    };
  };
  const server = await startInProcess(t, { verify });
  t.match(await call(server.url, 'cookie', 'server.stats'), { nodes: [{}] });
  t.match(await post(server.url, 'Simon', request('room.list')),
    { error: { code: 401, data: { reason: 'invalid' } } });
});

t.test('who may sign in must be said', async (t) => {
  t.throws(() => createServer({ data: false }), { name: 'SettingsError' });
  t.throws(() => createServer({ dev: true, limits: { nothing: 1 } as object }), RangeError);
  const server = createServer({ data: false, dev: true });
  await t.rejects(server.listen(0, '0.0.0.0'), { name: 'SettingsError' });
  t.throws(() => server.url, /does not listen/);
  await server.close();
});

t.test('limits are changed by name and named to clients', async (t) => {
  const server = await startInProcess(t, { limits: { maxTextCodePoints: 3 } });
  t.match(await call(server.url, 'Simon', 'server.info'), { limits: { maxTextCodePoints: 3 } });
  const { room } = await call(server.url, 'Simon', 'room.create', {});
  t.match(await post(server.url, 'Simon', request('message.send', { room, text: 'four' })),
    { error: { code: -32602, data: { limit: 'maxTextCodePoints' } } });
});

t.test('server.info answers anybody, and session.authenticate says what a token is worth',
  async (t) => {
    const server = await startInProcess(t);
    t.match(await post(server.url, undefined, request('server.info')), {
      result: { name: 'ringpost', durability: { level: 'memory' }, nodes: [server.url] },
    });
    t.match(await post(server.url, undefined, request('session.authenticate', ['Simon:admin'])), {
      result: { user: 'Simon', role: 'admin', expiresAt: null },
    });
    t.match(await post(server.url, undefined, request('room.list')), { error: { code: 401 } },
      'and changes nothing');
  });

t.test('users are listed by pages, found by name and changed by admins', async (t) => {
  const server = await startInProcess(t);
  const { users } = server.chat.store;
  for (const name of ['Anna', 'Boris', 'Carla']) {
    await users.update(`default\0${name}` as Parameters<typeof users.update>[0], () => ({
      user: name, groups: [], active: name !== 'Boris', blocked: false, revokedBefore: 0,
      lastSeen: 0, version: 1,
    }));
  }
  const first = await call(server.url, 'Simon', 'user.list', { limit: 2 });
  t.match(first, { users: [{ user: 'Anna' }, { user: 'Boris' }] });
  const second = await call(server.url, 'Simon', 'user.list', { limit: 2, page: first['page'] });
  t.match(second, { users: [{ user: 'Carla' }] });
  t.match(await call(server.url, 'Simon', 'user.list', { query: 'ARL' }),
    { users: [{ user: 'Carla' }] });
  t.match(await call(server.url, 'Simon', 'user.list', { active: false }),
    { users: [{ user: 'Boris' }] });
  t.match(await post(server.url, 'Simon', request('user.update', { user: 'Anna', role: 'admin' })),
    { error: { code: 403 } });
  await call(server.url, 'Root:admin', 'user.update', { user: 'Anna', role: 'admin', name: 'A' });
  t.match(await call(server.url, 'Anna', 'user.get', { user: 'Anna' }),
    { role: 'admin', name: 'A' });
  t.ok(await call(server.url, 'Anna', 'server.stats'), 'the store\'s role wins over the token\'s');
  await call(server.url, 'Root:admin', 'user.update', { user: 'Anna', active: false });
  t.match(await post(server.url, 'Anna', request('room.list')),
    { error: { code: 403, data: { reason: 'inactive' } } });
  t.match(await post(server.url, 'Simon', request('user.get', { user: 'Nobody' })),
    { error: { code: 404 } });
});

t.test('access.explain says what the code that decides says', async (t) => {
  const server = await startInProcess(t);
  const { room } = await call(server.url, 'Simon', 'room.create', {});
  const explain = (user: string, method: string, params = {}): Promise<unknown> =>
    call(server.url, 'Root:admin', 'access.explain', { user, method, params });
  t.match(await explain('Simon', 'message.send', { room }),
    { allowed: true, rule: 'open/rooms/message.send/group/member' });
  t.match(await explain('Petro', 'message.send', { room }),
    { allowed: false, error: { code: 404, reason: 'not_found' } });
  t.match(await explain('Petro', 'server.stats'), { allowed: false, error: { code: 403 } });
  t.match(await explain('Simon', 'room.removeMember', { room, user: 'Petro' }), { allowed: true });
});

t.test('a server closes more than once, and answers nothing after', async (t) => {
  const server = await startInProcess(t);
  const { url } = server;
  await Promise.all([server.close(), server.close()]);
  await t.rejects(post(url, 'Simon', request('server.info')));
  t.ok(new RpcError(429, 'rate') instanceof Error);
});
