import t, { type Test } from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { startEcho, type Echo } from '../../helpers/echo-server.js';
import { RawSocket } from '../../helpers/raw-socket.js';

interface Stream {
  readonly status: number;
  readonly type: string | null;
  readonly session: string;
  /** Reads on until the text holds `part`; the text from where the last reading ended. */
  until(part: string): Promise<string>;
  /** The rest, to its end. */
  rest(): Promise<string>;
  abort(): void;
}

async function open(
  t: Test, { url }: Echo, headers: Record<string, string> = {},
): Promise<Stream> {
  const controller = new AbortController();
  t.teardown(() => controller.abort());
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', authorization: 'Bearer Simon', ...headers },
    signal: controller.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const more = async (): Promise<boolean> => {
    const part = await reader?.read();
    text += part?.value ?? '';
    return part?.done === false;
  };
  const until = async (part: string): Promise<string> => {
    while (!text.includes(part) && await more());
    const end = text.indexOf('\n\n', text.indexOf(part)) + 2;
    const taken = text.slice(0, end);
    text = text.slice(end);
    return taken;
  };
  const first = response.status === 200 ? await until('session.opened') : '';
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    session: /"session":"([^"]+)"/.exec(first)?.[1] ?? '',
    until,
    async rest() {
      while (await more());
      return text;
    },
    abort: () => controller.abort(),
  };
}

const post = (
  { url }: Echo, session: string, method: string, params: unknown = {}, user = 'Simon',
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json', authorization: `Bearer ${user}`,
      ...(session === '' ? {} : { 'ringpost-session': session }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });

t.test('a stream is a session: its id first, then one event a notification', async (t) => {
  const echo = await startEcho(t);
  const stream = await open(t, echo, { 'last-event-id': 'cursor-0' });
  t.equal(stream.status, 200);
  t.equal(stream.type, 'text/event-stream');
  t.same(echo.host.opened, ['cursor-0']);
  const answer = await post(echo, stream.session, 'push', { text: 'line\nbreak' });
  t.equal(answer.status, 200);
  t.equal(await stream.until('"after"'),
    'id: cursor-1\ndata: {"jsonrpc":"2.0","method":"before","params":{"text":"line\\nbreak"}}\n\n'
    + 'data: {"jsonrpc":"2.0","method":"after","params":{"text":"line\\nbreak"}}\n\n');
  const who = await (await post(echo, stream.session, 'who')).json() as { result: unknown };
  t.match(who.result, { user: 'Simon', transport: 'sse', session: stream.session, canPush: true });
});

t.test('a stream needs an identity', async (t) => {
  const echo = await startEcho(t);
  for (const [authorization, status] of [
    ['', 401], ['Bearer bad', 401], ['Bearer slowbad', 401], ['Bearer blocked', 403],
    ['Bearer crowd', 429],
  ] as const) {
    const stream = await open(t, echo, { authorization });
    t.equal(stream.status, status, authorization);
  }
  t.equal([...echo.server.sessions()].length, 0);
});

t.test('only its own user acts on a session, and only while it is there', async (t) => {
  const echo = await startEcho(t);
  const stream = await open(t, echo);
  t.equal((await post(echo, stream.session, 'who', {}, 'Fedir')).status, 409);
  t.equal((await post(echo, 'guessed', 'who')).status, 409);
  const [session] = echo.server.sessions();
  const ended = new Promise<void>((resolve) => session?.onEnd(resolve));
  stream.abort();
  await ended;
  t.equal((await post(echo, stream.session, 'who')).status, 409);
  t.equal([...echo.server.sessions()].length, 0);
});

t.test('a stream hears its topics', async (t) => {
  const echo = await startEcho(t);
  const stream = await open(t, echo);
  await post(echo, stream.session, 'join', { topic: 'news' });
  echo.server.topics.publish('news', 'event', '{"n":1}');
  await post(echo, stream.session, 'leave', { topic: 'news' });
  echo.server.topics.publish('news', 'event', '{"n":2}');
  await post(echo, stream.session, 'push', {});
  t.notMatch(await stream.until('"after"'), '"n":2');
});

t.test('a silent stream beats, and one whose token expired ends', async (t) => {
  const clock = new ManualClock();
  const echo = await startEcho(t, { clock });
  const stream = await open(t, echo);
  clock.advance(16_000);
  t.equal(await stream.until(':'), ':\n\n');
  const expiresAt = clock.now() + 70_000;
  await post(echo, stream.session, 'authenticate', { user: 'Simon', expiresAt });
  clock.advance(80_000);
  const rest = await stream.rest();
  t.match(rest, 'session.expiring');
  t.match(rest, ': closed 4401 expired');
});

t.test('a slow reader of a stream costs its own stream only', async (t) => {
  const echo = await startEcho(t);
  const raw = new RawSocket(echo.port);
  t.teardown(() => raw.destroy());
  raw.write('GET /rpc HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n'
    + 'authorization: Bearer Slow\r\n\r\n');
  await raw.until('session.opened');
  raw.socket.pause();
  const neighbour = await open(t, echo);
  const [slow] = echo.server.sessions();
  const event = JSON.stringify({ text: 'x'.repeat(50_000) });
  let most = 0;
  let sent = 0;
  while (slow?.notify('event', event) !== 'dropped' && sent < 1000) {
    sent += 1;
    most = Math.max(most, slow?.bufferedBytes ?? 0);
    await new Promise(setImmediate);
  }
  t.ok(slow?.closing);
  t.ok(most < 1.2 * 1024 * 1024, `${most} bytes at most`);
  t.equal((await post(echo, neighbour.session, 'push')).status, 200);
  await neighbour.until('"after"');
});

t.test('a reader that stops for a while gets everything, in order', async (t) => {
  const echo = await startEcho(t);
  const raw = new RawSocket(echo.port);
  t.teardown(() => raw.destroy());
  raw.write('GET /rpc HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n'
    + 'authorization: Bearer Slow\r\n\r\n');
  await raw.until('session.opened');
  raw.text = '';
  raw.socket.pause();
  const [session] = echo.server.sessions();
  const text = 'x'.repeat(10_000);
  let n = 0;
  while ((session?.bufferedBytes ?? 0) < 300_000 && n < 2000) {
    session?.notify('event', JSON.stringify({ n, text }));
    n += 1;
    await new Promise(setImmediate);
  }
  raw.socket.resume();
  await session?.drained();
  session?.notify('last', '{}');
  await raw.until('"last"');
  t.same([...raw.text.matchAll(/"n":(\d+)/g)].map((one) => Number(one[1])),
    Array.from({ length: n }, (_, i) => i));
});
