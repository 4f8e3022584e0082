import t from 'tap';
import { Metrics } from '../../../src/base/metrics.js';
import { healthPage, metricsPage, readyPage } from '../../../src/rpc/pages.js';
import { createPageServer } from '../../../src/rpc/rpc-server.js';
import { startEcho } from '../../helpers/echo-server.js';
import { WsClient } from '../../helpers/ws-client.js';

t.test('several servers live in one process, and closing one frees its port', async (t) => {
  const [one, two] = [await startEcho(t), await startEcho(t)];
  t.not(one.port, two.port);
  const client = await WsClient.open(t, one.wsUrl);
  await t.rejects(two.server.listen('127.0.0.1', one.port), /cannot listen/);
  one.server.close();
  t.equal((await client.closed()).code, 1001);
  t.equal((await two.server.listen('127.0.0.1', one.port)).port, one.port);
  t.equal((await fetch(one.url, { method: 'PUT' })).status, 405, 'the other answers there');
});

t.test('processes may share a port when both say so', async (t) => {
  const [one, two] = [await startEcho(t), await startEcho(t)];
  const { port } = await one.server.listen('127.0.0.1', 0, { reusePort: true });
  t.equal((await two.server.listen('127.0.0.1', port, { reusePort: true })).port, port);
});

t.test('a draining server takes no new session and goes on with those that are', async (t) => {
  const { server, wsUrl, port } = await startEcho(t);
  const client = await WsClient.open(t, wsUrl);
  server.stopAccepting();
  t.same(await client.call('echo', { n: 1 }), { n: 1 });
  await t.rejects(fetch(`http://127.0.0.1:${port}/rpc`), 'the port is free');
});

t.test('pages stand beside the API: health, readiness, metrics and others', async (t) => {
  const metrics = new Metrics(false);
  let ready = true;
  const { url, wsUrl } = await startEcho(t, {
    metrics,
    pages: {
      '/healthz': healthPage,
      '/readyz': readyPage(() => ({ ready, shards: ready ? [] : ['a'] })),
      '/metrics': metricsPage(metrics),
      '/': ({ query }) => ({ type: 'text/html', body: `<p>${query}</p>` }),
      '/broken': () => { throw new Error('secret'); },
    },
  });
  const base = url.replace('/rpc', '');
  await WsClient.open(t, wsUrl);
  t.same(await (await fetch(`${base}/healthz`)).json(), { status: 'ok' });
  t.equal((await fetch(`${base}/readyz`)).status, 200);
  ready = false;
  const unready = await fetch(`${base}/readyz`);
  t.equal(unready.status, 503);
  t.same(await unready.json(), { ready: false, shards: ['a'] });
  t.match(await (await fetch(`${base}/metrics`)).text(), 'ringpost_connections 1');
  t.equal(await (await fetch(`${base}/?a=b`)).text(), '<p>a=b</p>');
  const head = await fetch(`${base}/healthz`, { method: 'HEAD' });
  t.equal(head.headers.get('content-length'), '15');
  t.equal(await head.text(), '');
  const broken = await fetch(`${base}/broken`);
  t.equal(broken.status, 500);
  t.notMatch(await broken.text(), 'secret');
  t.equal((await fetch(`${base}/healthz`, { method: 'POST' })).status, 405);
});

t.test('pages can stand on a port of their own', async (t) => {
  const pages = createPageServer({ '/healthz': healthPage });
  const { port } = pages.listen('127.0.0.1', 0);
  t.teardown(() => pages.close());
  t.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  t.equal((await fetch(`http://127.0.0.1:${port}/rpc`, { method: 'POST' })).status, 404);
});

t.test('an answer is queued before what its call publishes to a topic', async (t) => {
  const { wsUrl, server, dispatcher } = await startEcho(t);
  const client = await WsClient.open(t, wsUrl);
  await client.call('join', { topic: 'news' });
  client.send('later', { name: 'a' }, 7);
  await client.call('echo');
  client.frames.length = 0;
  dispatcher.open.get('a')?.({});
  server.topics.publish('news', 'event', '{}');
  dispatcher.sessions[0]?.notify('after', '{}');
  await client.until(() => client.frames.length === 3);
  t.same(client.frames.map((text) => JSON.parse(text).id ?? JSON.parse(text).method),
    [7, 'event', 'after']);
});

t.test('who left a topic hears no more of it, and nobody else is heard of', async (t) => {
  const { wsUrl, server } = await startEcho(t);
  const [one, two] = [await WsClient.open(t, wsUrl), await WsClient.open(t, wsUrl)];
  for (const client of [one, two]) await client.call('join', { topic: 'news' });
  await one.call('join', { topic: 'news' });
  server.topics.publish('news', 'first', '{}');
  await one.call('leave', { topic: 'news' });
  await one.call('leave', { topic: 'news' });
  server.topics.publish('news', 'second', '{}');
  server.topics.publish('other', 'third', '{}');
  await two.until(() => two.frames.some((text) => text.includes('second')));
  await one.call('echo');
  const events = one.frames.filter((text) => text.includes('method'));
  t.same(events.map((text) => JSON.parse(text).method), ['first']);
  t.notOk(two.frames.some((text) => text.includes('third')));
});
