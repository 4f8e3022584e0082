import t, { type Test } from 'tap';
import { eventually } from '../helpers/eventually.js';
import { startRedises } from '../helpers/redis.js';
import { call, startServer, type RunningServer } from '../helpers/server.js';
import { openSocket } from '../helpers/socket.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const redis = servers.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');
const node = (test: Test, name: string): Promise<RunningServer> =>
  startServer(test, ['--redis', redis, '--node', name]);

t.test('a conversation over two nodes and two shards, presence included', async (t) => {
  const [one, two] = await Promise.all([node(t, 'one'), node(t, 'two')]);
  const simon = await openSocket(one.url, 'Simon');
  const fedir = await openSocket(two.url, 'Fedir');
  await Promise.all([simon.call('feed.open'), fedir.call('feed.open')]);
  t.match(await simon.call('presence.subscribe', { users: ['Fedir'] }),
    { result: { users: { Fedir: { online: true } } } });
  const { room } = await call(one.url, 'Simon', 'room.create', { members: ['Fedir'] });
  await simon.call('message.send', { room, text: 'Hi Fedir' });
  await eventually('Fedir has it', () => fedir.events('message.created').length === 1);
  t.match(fedir.events('message.created')[0], { from: 'Simon', text: 'Hi Fedir' });
  await eventually('both nodes are named', async () => {
    const { nodes } = await call(one.url, 'Simon', 'server.info');
    return Array.isArray(nodes) && nodes.includes(one.url) && nodes.includes(two.url);
  });
  await fedir.call('session.logout');
  await eventually('Fedir left', () => simon.events('presence.changed').length === 1);
  t.match(simon.events('presence.changed')[0], { user: 'Fedir', online: false });
});

t.test('a revocation on one node closes the sockets on the other within 1 s (G11)', async (t) => {
  const [one, two] = await Promise.all([node(t, 'three'), node(t, 'four')]);
  const petro = await openSocket(two.url, 'Petro');
  await petro.call('room.list');
  await call(one.url, 'Root:admin', 'session.revoke', { user: 'Petro' });
  t.equal(await petro.closed, 4403);
});

t.test('a draining node sends its sessions to the other, each at its moment', async (t) => {
  const [one, two] = await Promise.all([node(t, 'five'), startServer(t, [
    '--redis', redis, '--node', 'six', '--limit', 'drainMs=300'])]);
  const simon = await openSocket(two.url, 'Simon');
  await eventually('they know each other', async () => {
    const { nodes } = await call(two.url, 'Simon', 'server.info');
    return Array.isArray(nodes) && nodes.includes(one.url);
  });
  t.strictSame(await two.stop(), { code: 0, signal: null });
  t.match(simon.events('server.draining'), [{ reconnectTo: /^http/, afterMs: 0 }]);
  t.equal(await simon.closed, 1001);
});
