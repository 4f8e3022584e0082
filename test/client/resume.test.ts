import t, { type Test } from 'tap';
import type { ClientOptions } from '../../src/client/index.js';
import { Proxy } from './proxy.js';
import { client, folder, Listener, serve } from './served.js';

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `message ${from + index}`);

for (const transports of [['websocket'], ['sse'], ['poll']] as const) {
  t.test(`a server killed and started again is gone on with, by ${transports[0]}`, async (t) => {
    await survives(t, { transports }, 'SIGKILL');
  });
}

t.test('a server that drains and comes back is gone on with', async (t) => {
  await survives(t, {}, 'SIGTERM');
});

/** Sends before, while and after the server is away: all of it is heard, once, in order. */
async function survives(t: Test, options: ClientOptions, signal: NodeJS.Signals): Promise<void> {
  const data = folder(t);
  const first = await serve(t, data);
  // The second server can't count on the first one's port: a client's socket may have it.
  const proxy = await Proxy.before(t, first.url);
  const simon = client(t, proxy.url, 'Simon', options);
  const fedir = client(t, proxy.url, 'Fedir', options);
  const heard = new Listener(fedir, 'r');
  await fedir.ready();
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  const send = (text: string): Promise<unknown> => simon.call('message.send', { room: 'r', text });
  for (const text of texts(0, 10)) await send(text);
  await heard.heard('message 0');
  const crossing = texts(10, 40).map(send);
  await crossing[0];
  await first.process.end(signal);
  const later = texts(40, 50).map(send);
  proxy.aim((await serve(t, data)).url);
  await Promise.all([...crossing, ...later]);
  await send('the last');
  await heard.heard('the last');
  t.same(heard.texts, [...texts(0, 50), 'the last']);
}

t.test('an answer that was cut off is asked for again, and one message is there', async (t) => {
  const { url } = await serve(t, folder(t));
  const proxy = await Proxy.before(t, url);
  const simon = client(t, proxy.url, 'Simon', { feed: false });
  await simon.call('room.create', { room: 'r' });
  proxy.cutNextAnswer = true;
  const sent = await simon.call('message.send', { room: 'r', text: 'once' });
  t.equal(proxy.cuts, 1);
  t.equal(sent.duplicate, true, 'the server knew the key');
  const { messages } = await simon.call('message.history', { room: 'r' });
  t.same(messages.map(({ text }) => text), ['once']);
});

t.test('a position that was kept is gone on with by the next client', async (t) => {
  const { url } = await serve(t, folder(t));
  const simon = client(t, url, 'Simon');
  const before = client(t, url, 'Fedir');
  await before.ready();
  const heard = new Listener(before, 'r');
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await simon.call('message.send', { room: 'r', text: 'seen' });
  await heard.heard('seen');
  before.close();
  await simon.call('message.send', { room: 'r', text: 'missed' });
  const after = client(t, url, 'Fedir', { position: before.position });
  const caughtUp = new Listener(after, 'r');
  await caughtUp.heard('missed');
  t.same(caughtUp.texts, ['missed']);
  const forged = client(t, url, 'Fedir', { position: { cursor: 'forged.1' } });
  const reset = await new Promise((resolve) => forged.on('reset', resolve));
  t.match(reset, { state: { rooms: [{ room: 'r', unread: 2 }] } });
});
