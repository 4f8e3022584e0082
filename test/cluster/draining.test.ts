import t, { type Test } from 'tap';
import { client, Listener } from '../client/served.js';
import { openConsole } from '../helpers/conversation.js';
import { eventually } from '../helpers/eventually.js';
import { startRedises } from '../helpers/redis.js';
import { call, startServer, type RunningServer } from '../helpers/server.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const redis = servers.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');
const windowMs = 1_000;
const node = (test: Test, name: string): Promise<RunningServer> => startServer(test, [
  '--redis', redis, '--node', name, '--limit', `drainMs=${windowMs}`]);

/** Sends one after another until told to stop; resolves to all that was acknowledged. */
function sending(send: (text: string) => Promise<unknown>, name: string) {
  let over = false;
  const acknowledged: string[] = [];
  const done = (async () => {
    for (let i = 1; !over; i++) {
      await send(`${name} ${i}`);
      acknowledged.push(`${name} ${i}`);
    }
  })();
  return {
    acknowledged,
    async stop() {
      over = true;
      await done;
      return acknowledged;
    },
  };
}

t.test('a node that drains under load hands its clients over, one after another', async (t) => {
  const [one, two] = await Promise.all([node(t, 'one'), node(t, 'two')]);
  const names = Array.from({ length: 10 }, (_, i) => `user-${i}`);
  await call(one.url, 'Simon', 'room.create', { room: 'talk', members: [...names, 'Fedir'] });
  const draining: { reconnectTo?: string | undefined; afterMs: number }[] = [];
  const listeners = await Promise.all(names.map(async (name) => {
    const from = client(t, one.url, name);
    from.on('server.draining', ({ reconnectTo, afterMs }) => {
      draining.push({ reconnectTo, afterMs });
    });
    const heard = new Listener(from, 'talk');
    await from.ready();
    return { from, heard };
  }));
  const fedir = openConsole(t, one.url, 'Fedir');
  await fedir.line(/^Authorized as Fedir$/);
  await eventually('they know each other', async () => {
    const { nodes } = await call(one.url, 'Simon', 'server.info');
    return Array.isArray(nodes) && nodes.includes(two.url);
  });
  const simon = client(t, two.url, 'Simon', { feed: false });
  const here = sending((text) => simon.call('message.send', { room: 'talk', text }), 'two');
  const moved = listeners[0]?.from ?? simon;
  const there = sending((text) => moved.call('message.send', { room: 'talk', text }), 'one');
  await eventually('both send', () =>
    here.acknowledged.length > 5 && there.acknowledged.length > 5);

  t.strictSame(await one.stop(), { code: 0, signal: null });
  await fedir.line(/^Authorized as Fedir$/, 2);
  const sent = new Set([...await here.stop(), ...await there.stop()]);
  const { seq } = await simon.call('message.send', { room: 'talk', text: 'the last' });
  await Promise.all(listeners.map(({ heard }) => heard.heard('the last')));

  const { messages } = await simon.call('message.history', { room: 'talk', limit: 500 });
  const told = messages.map(({ text }) => text);
  t.ok(seq < 500, 'one page holds all');
  t.strictSame(new Set(told), new Set([...sent, 'the last']), 'what was acknowledged, no more');
  for (const { heard } of listeners) t.strictSame(heard.texts, told, 'each once, in order');
  const lines = fedir.lines.filter((line) => line.startsWith('Message from talk ==>'));
  await fedir.line(/==> the last$/);
  t.strictSame(new Set(lines.map((line) => line.replace(/^.*==> /, ''))).size, lines.length,
    'the console repeats nothing');
  t.equal(fedir.lines.filter((line) => line.startsWith('Message from')).length, told.length);

  t.equal(draining.length, names.length);
  t.ok(draining.every(({ reconnectTo }) => reconnectTo === two.url));
  t.equal(new Set(draining.map(({ afterMs }) => afterMs)).size, names.length, 'a moment each');
  t.ok(draining.every(({ afterMs }) => afterMs < windowMs));
});
