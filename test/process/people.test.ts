import t from 'tap';
import { randomId } from '../../src/base/ids.js';
import { signToken, systemClock } from '../../src/index.js';
import { eventually } from '../helpers/eventually.js';
import { call, startInProcess } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';

t.test('who comes and goes is told once to those who watch (G8)', async (t) => {
  const { url } = await startInProcess(t, { limits: { presenceGraceMs: 1 } });
  const simon = await openSocket(url, 'Simon');
  t.match(await simon.call('presence.subscribe', { users: ['Fedir'] }),
    { result: { users: { Fedir: { online: false, devices: 0 } } } });
  const fedir = await openSocket(url, 'Fedir');
  await eventually('online', () => simon.events('presence.changed').length === 1);
  const second = await openSocket(url, 'Fedir');
  t.match(await simon.call('presence.query', { users: ['Fedir'] }),
    { result: { users: { Fedir: { online: true, devices: 2 } } } });
  second.socket.close();
  await fedir.call('session.logout');
  await eventually('offline', () => simon.events('presence.changed').length === 2);
  t.match(simon.events('presence.changed'), [
    { user: 'Fedir', online: true }, { user: 'Fedir', online: false },
  ]);
  t.match(await fedir.call('room.list'), { error: { code: 401 } }, 'the socket stays');
});

t.test('a socket authenticates itself, refreshes, and can be no other user', async (t) => {
  const { url } = await startInProcess(t);
  const socket = await openSocket(url);
  t.match(await socket.call('room.list'), { error: { code: 401, data: { reason: 'missing' } } });
  const answer = await socket.call('session.authenticate', ['Simon:admin']);
  t.match(answer, { result: { user: 'Simon', role: 'admin', nodes: [url] } });
  t.match(await socket.call('session.authenticate', { token: 'Simon' }),
    { result: { role: 'user' } });
  t.match(await socket.call('session.authenticate', { token: 'Fedir' }),
    { error: { code: 403, data: { reason: 'other_user' } } });
  t.match(await socket.call('session.logout'), { result: {} });
  t.match(await socket.call('session.authenticate', { token: 'Fedir' }),
    { result: { user: 'Fedir' } });
});

t.test('a shorter lifetime asked for at authentication counts for the session', async (t) => {
  const { url } = await startInProcess(t);
  const socket = await openSocket(url);
  await socket.call('session.authenticate', { token: 'Simon', deadlineMs: 20 });
  const { result } = await socket.call('feed.read');
  const since = Object(result).cursor as unknown;
  const startedAt = performance.now();
  await socket.call('feed.read', { since, waitMs: 20_000 });
  t.ok(performance.now() - startedAt < 10_000);
});

t.test('revoking closes the sockets of a user (4403) and refuses the token', async (t) => {
  const secret = 'a secret that is used in this test alone';
  const { url } = await startInProcess(t, { secret });
  const token = (user: string, role = 'user'): Promise<string> =>
    signToken({ user, role, lifeMs: 60_000 }, secret, systemClock, randomId);
  const [root, ofPetro, ofFedir] = await Promise.all(
    [token('Root', 'admin'), token('Petro'), token('Fedir')]);
  const [petro, fedir] = [await openSocket(url, ofPetro), await openSocket(url, ofFedir)];
  await call(url, root, 'session.revoke', { user: 'Petro' });
  t.equal(await petro.closed, 4403);
  await t.rejects(call(url, ofPetro, 'room.list'), /revoked/);
  const { result } = await fedir.call('session.authenticate', { token: ofFedir });
  await call(url, root, 'session.revoke', { session: Object(result).session });
  t.equal(await fedir.closed, 4403);
  await eventually('the token of the session is refused too', () =>
    call(url, ofFedir, 'room.list').then(() => false, (e: Error) => /revoked/.test(e.message)));
  t.ok(await call(url, await token('Fedir'), 'room.list'), 'another token of the user is good');
});

t.test('one connection too many of a user is closed with 4409', async (t) => {
  const { url } = await startInProcess(t, { limits: { maxConnectionsPerUser: 1 } });
  await openSocket(url, 'Simon');
  const second = await openSocket(url);
  t.match(await second.call('session.authenticate', { token: 'Simon' }),
    { error: { code: 429, data: { limit: 'maxConnectionsPerUser' } } });
  t.equal(await second.closed, 4409);
});

t.test('an application\'s event reaches the open feeds of the users it is for', async (t) => {
  const server = await startInProcess(t);
  const [simon, fedir] = await Promise.all(
    ['Simon', 'Fedir'].map((name) => openSocket(server.url, name)));
  if (simon === undefined || fedir === undefined) throw new Error('not open');
  await Promise.all([simon.call('feed.open'), fedir.call('feed.open')]);
  await server.publish(['Simon'], 'shop.sold', { item: 7 });
  await server.publish(['Fedir'], 'shop.sold', { item: 8 });
  await eventually('Fedir has it', () => fedir.events('shop.sold').length === 1);
  t.match(simon.events('shop.sold'), [{ item: 7 }]);
  t.match(fedir.events('shop.sold'), [{ item: 8 }]);
});

t.test('a changed profile comes through the feed of its user', async (t) => {
  const { url } = await startInProcess(t);
  const simon = await openSocket(url, 'Simon');
  await simon.call('feed.open');
  await eventually('the profile is there', () =>
    call(url, 'Simon', 'user.get', { user: 'Simon' }).then(() => true, () => false));
  await call(url, 'Root:admin', 'user.update', { user: 'Simon', surname: 'Bolivar' });
  await eventually('the event', () => simon.events('user.updated').length === 1);
  t.match(simon.events('user.updated')[0], { user: 'Simon', surname: 'Bolivar', cursor: String });
});
