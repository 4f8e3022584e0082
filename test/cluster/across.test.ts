import t, { type Test } from 'tap';
import { client, Listener, type AnyClient } from '../client/served.js';
import { eventually } from '../helpers/eventually.js';
import { startRedises } from '../helpers/redis.js';
import { call, startServer, type RunningServer } from '../helpers/server.js';
import { openSocket, type TestSocket } from '../helpers/socket.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const redis = servers.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');
const node = (test: Test, name: string): Promise<RunningServer> => startServer(test, [
  '--redis', redis, '--node', name, '--limit', 'feedFanoutLimit=4']);
const [one, two] = await Promise.all([node(t, 'one'), node(t, 'two')]);

async function signedIn(url: string, user: string): Promise<TestSocket> {
  const socket = await openSocket(url, user);
  await socket.call('feed.open');
  return socket;
}
const came = (socket: TestSocket, method: string, params: object): Promise<unknown> =>
  eventually(`${method} ${JSON.stringify(params)}`, () => socket.events(method).find((event) =>
    Object.entries(params).every(([name, value]) => event[name] === value)));

t.test('receipts, typing, own reads, edits and membership cross nodes', async (t) => {
  const [simon, fedir, device] = await Promise.all([
    signedIn(one.url, 'Simon'), signedIn(two.url, 'Fedir'), signedIn(one.url, 'Fedir')]);
  await simon.call('room.create', { room: 'cross', members: ['Fedir'] });
  await came(fedir, 'room.created', { room: 'cross' });
  const { result } = await simon.call('message.send', { room: 'cross', text: 'Hi' });
  const { seq } = Object(result) as { seq: number };
  await came(fedir, 'unread.changed', { room: 'cross', unread: 1 });
  await fedir.call('message.read', { room: 'cross', seq });
  await came(simon, 'message.receipt', { user: 'Fedir', read: seq });
  await came(device, 'unread.changed', { room: 'cross', unread: 0, total: 0 });
  await fedir.call('message.typing', { room: 'cross' });
  await came(simon, 'message.typed', { room: 'cross', user: 'Fedir' });
  await simon.call('message.edit', { room: 'cross', seq, text: 'Hello' });
  await came(fedir, 'message.edited', { target: seq, text: 'Hello' });
  await simon.call('message.delete', { room: 'cross', seq });
  await came(fedir, 'message.deleted', { target: seq });
  await simon.call('room.removeMember', { room: 'cross', user: 'Fedir' });
  await came(fedir, 'room.memberRemoved', { user: 'Fedir', by: 'Simon' });
  t.match(await fedir.call('message.send', { room: 'cross', text: 'x' }), { error: { code: 404 } });
  for (const socket of [simon, fedir, device]) socket.socket.terminate();
});

t.test('presence is told within its times: sign-in, logout, a connection seen to close (G8)',
  async (t) => {
    const simon = await signedIn(one.url, 'Simon');
    await simon.call('presence.subscribe', { users: ['Ann'] });
    const changes = (): unknown[] => simon.events('presence.changed').map(({ online }) => online);
    const within = async (ms: number, count: number): Promise<void> => {
      const from = performance.now();
      await eventually(`change ${count}`, () => changes().length === count);
      const took = Math.round(performance.now() - from);
      t.ok(took < ms, `${took} ms of ${ms}`);
    };
    let ann = await signedIn(two.url, 'Ann');
    await within(1_000, 1);
    await ann.call('session.logout');
    await within(1_000, 2);
    ann = await signedIn(two.url, 'Ann');
    await within(1_000, 3);
    ann.socket.terminate();
    // Back on the other node within the grace: no event.
    ann = await signedIn(one.url, 'Ann');
    ann.socket.terminate();
    await within(5_000, 4);
    t.strictSame(changes(), [true, false, true, false], 'one event a real change');
    simon.socket.terminate();
  });

t.test('a large room and a channel are heard on both nodes, resumed on either', async (t) => {
  const [simon, fedir] = await Promise.all([
    signedIn(one.url, 'Simon'), signedIn(two.url, 'Fedir')]);
  await simon.call('room.create', {
    room: 'large', members: ['Fedir', ...Array.from({ length: 6 }, (_, i) => `m${i}`)] });
  await simon.call('room.create', { room: 'news', kind: 'channel' });
  const { result } = await fedir.call('room.subscribe', { room: 'news' });
  t.match(result, { seq: Number, recovered: true });
  for (const room of ['large', 'news']) {
    t.match(await simon.call('room.get', { room }), { result: { large: true } });
    await simon.call('message.send', { room, text: `first in ${room}` });
    await came(fedir, 'message.created', { room, text: `first in ${room}` });
  }
  const [event] = fedir.events('message.created').filter(({ room }) => room === 'large');
  t.notOk(event?.['cursor'], 'no cursor: one frame serves everybody');
  fedir.socket.terminate();
  await simon.call('message.send', { room: 'large', text: 'missed' });
  const again = await openSocket(one.url, 'Fedir');
  await again.call('feed.open', {
    rooms: { large: { seq: event?.['seq'], epoch: event?.['epoch'] } } });
  await came(again, 'message.created', { room: 'large', text: 'missed' });
  for (const socket of [simon, again]) socket.socket.terminate();
});

for (const transport of ['sse', 'poll'] as const) {
  t.test(`the feed by ${transport} hears what the other node's users write`, async (t) => {
    const room = `by-${transport}`;
    await call(one.url, 'Simon', 'room.create', { room, members: ['Fedir'] });
    const fedir = client(t, two.url, 'Fedir', { transports: [transport] });
    const heard = new Listener(fedir, room);
    await fedir.ready();
    for (const text of ['a', 'b', 'c']) {
      await call(one.url, 'Simon', 'message.send', { room, text });
    }
    await heard.heard('c');
    t.strictSame(heard.texts, ['a', 'b', 'c']);
    const simon = client(t, one.url, 'Simon');
    const answered = new Listener(simon, room);
    // A feed without a cursor begins when it is open.
    await simon.ready();
    await fedir.call('message.send', { room, text: 'from the stream' });
    await answered.heard('from the stream');
  });
}

t.test('statistics name all nodes and shards, and who may not ask is refused', async (t) => {
  const stats = await call(one.url, 'Root:admin', 'server.stats');
  t.match(stats, {
    nodes: [{ node: 'one' }, { node: 'two' }],
    shards: [{ shard: 'shard1', reachable: true }, { shard: 'shard2', reachable: true }],
  });
  await t.rejects(call(two.url, 'Simon', 'server.stats'), /403/);
});

t.test('revoked on one node: sockets on the other close within 1 s (G11)', async (t) => {
  const petro = await signedIn(two.url, 'Petro');
  await call(one.url, 'Root:admin', 'room.create', { room: 'knows', members: ['Petro'] });
  const from = performance.now();
  await call(one.url, 'Root:admin', 'session.revoke', { user: 'Petro' });
  t.equal(await petro.closed, 4403);
  const took = Math.round(performance.now() - from);
  t.ok(took < 1_000, `${took} ms`);
});

t.test('a client whose node is killed goes on at the other, with nothing lost or twice',
  async (t) => {
    const doomed = await node(t, 'doomed');
    await eventually('the others know it', async () => {
      const { nodes } = await call(doomed.url, 'Simon', 'server.info');
      return Array.isArray(nodes) && nodes.includes(one.url);
    });
    await call(one.url, 'Simon', 'room.create', { room: 'kill', members: ['Fedir', 'Ann'] });
    const clients: AnyClient[] = ['Fedir', 'Ann'].map((name) => client(t, doomed.url, name));
    const heard = clients.map((one) => new Listener(one, 'kill'));
    await Promise.all(clients.map((one) => one.ready()));
    const texts = Array.from({ length: 60 }, (_, i) => `${i}`);
    const sends = texts.map(async (text, i) => {
      if (i === 20) await doomed.kill();
      return clients[0]?.call('message.send', { room: 'kill', text });
    });
    await Promise.all(sends);
    await call(one.url, 'Simon', 'message.send', { room: 'kill', text: 'the last' });
    await Promise.all(heard.map((one) => one.heard('the last')));
    const { messages } = await call(two.url, 'Simon', 'message.history', {
      room: 'kill', limit: 500 });
    const written = (messages as { text: string }[]).map(({ text }) => text);
    t.strictSame([...written].sort(), [...texts, 'the last'].sort(), 'each once');
    for (const one of heard) t.strictSame(one.texts, written);
  });
