import t, { type Test } from 'tap';
import type { TransportKind } from '../../src/client/index.js';
import { Proxy, type Blocks } from './proxy.js';
import { client, folder, Listener, serve } from './served.js';

async function talks(t: Test, blocks: Blocks, expected: TransportKind): Promise<void> {
  const { url } = await serve(t, folder(t));
  const proxy = await Proxy.before(t, url, blocks);
  const simon = client(t, url, 'Simon');
  const fedir = client(t, proxy.url, 'Fedir', { connectTimeoutMs: 1_000 });
  const online = new Promise<TransportKind>((resolve) => {
    fedir.on('state', ({ state, transport }) => {
      if (state === 'online') resolve(transport);
    });
  });
  const heard = new Listener(fedir, 'r');
  t.equal(await online, expected);
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await simon.call('message.send', { room: 'r', text: 'to Fedir' });
  await heard.heard('to Fedir');
  // Calls that nobody waited for between keep their order.
  await Promise.all(['one', 'two', 'three'].map((text) =>
    fedir.call('message.send', { room: 'r', text })));
  await heard.heard('three');
  t.same(heard.texts, ['to Fedir', 'one', 'two', 'three']);
}

t.test('nothing in the way: WebSocket', (t) => talks(t, {}, 'websocket'));
t.test('no WebSocket: an event stream, calls by POST', (t) => talks(t, { webSocket: true }, 'sse'));
t.test('no streams either: long-polling', (t) =>
  talks(t, { webSocket: true, stream: true }, 'poll'));

t.test('a network that lets WebSocket through by now gets it back', async (t) => {
  const { url } = await serve(t, folder(t));
  const proxy = await Proxy.before(t, url, { webSocket: true });
  const simon = client(t, proxy.url, 'Simon', { transports: ['websocket', 'poll'], upgradeMs: 20 });
  const ways: TransportKind[] = [];
  const back = new Promise<void>((resolve) => {
    simon.on('state', ({ state, transport }) => {
      if (state !== 'online') return;
      ways.push(transport);
      if (transport === 'websocket') resolve();
      else proxy.blocks = {};
    });
  });
  const heard = new Listener(simon, 'r');
  await simon.call('room.create', { room: 'r' });
  await simon.call('message.send', { room: 'r', text: 'one' });
  await back;
  await simon.call('message.send', { room: 'r', text: 'two' });
  await heard.heard('two');
  t.same(ways, ['poll', 'websocket']);
  t.same(heard.texts, ['one', 'two']);
});
