import t from 'tap';
import { startEcho, type Echo } from '../../helpers/echo-server.js';
import { postText, RawSocket } from '../../helpers/raw-socket.js';

async function post(
  { url }: Echo, body: unknown, headers: Record<string, string> = {},
): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.text(), headers: response.headers };
}

const call = (method: string, params: unknown = {}): unknown =>
  ({ jsonrpc: '2.0', id: 1, method, params });

t.test('a call is answered 200 with JSON, a notification 204 with nothing', async (t) => {
  const echo = await startEcho(t);
  const answer = await post(echo, call('echo', { text: 'Grüße' }));
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('content-type'), 'application/json');
  t.same(JSON.parse(answer.body), { jsonrpc: '2.0', id: 1, result: { text: 'Grüße' } });
  const quiet = await post(echo, { jsonrpc: '2.0', method: 'echo' });
  t.equal(quiet.status, 204);
  t.equal(quiet.body, '');
});

t.test('a bearer token says who calls, for this one request', async (t) => {
  const echo = await startEcho(t);
  for (const [token, user] of [['Simon', 'Simon'], ['slow', 'slow']] as const) {
    const answer = await post(echo, call('who'), { authorization: `Bearer ${token}` });
    t.match(JSON.parse(answer.body).result, { user, transport: 'http', canPush: false });
  }
  t.match(JSON.parse((await post(echo, call('who'))).body).result, { user: null });
});

t.test('a refused token is the answer of the call, with status 200', async (t) => {
  const echo = await startEcho(t);
  for (const [token, error] of [
    ['Bearer bad', { code: 401, data: { reason: 'invalid' } }],
    ['Bearer slowbad', { code: 401, data: { reason: 'expired' } }],
    ['Basic eA==', { code: 401, data: { reason: 'invalid' } }],
    ['Bearer blocked', { code: 403, data: { reason: 'blocked' } }],
  ] as const) {
    const answer = await post(echo, call('who'), { authorization: token });
    t.equal(answer.status, 200);
    t.match(JSON.parse(answer.body), { id: 1, error }, token);
  }
});

t.test('a body in many pieces, with a length or without, is one text', async (t) => {
  const { port } = await startEcho(t);
  const body = JSON.stringify(call('echo', { text: 'ü'.repeat(3000) }));
  const whole = postText(body);
  const raw = new RawSocket(port);
  t.teardown(() => raw.destroy());
  raw.socket.setNoDelay(true);
  const half = whole.length - 1000;
  raw.write(whole.slice(0, half));
  await new Promise(setImmediate);
  raw.write(whole.slice(half));
  t.same(JSON.parse((Buffer.from((await raw.answer()).body, 'latin1')).toString()).result.text,
    'ü'.repeat(3000));
  const chunks = (body.match(/.{1,1000}/gs) ?? []).map((chunk) =>
    `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('');
  raw.write('POST /rpc HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'
    + `transfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
  t.equal((await raw.answer()).status, 200);
});

t.test('requests sent one behind the other are answered in order', async (t) => {
  const { port } = await startEcho(t);
  const raw = new RawSocket(port);
  t.teardown(() => raw.destroy());
  raw.write([1, 2, 3].map((n) => postText(JSON.stringify(call('echo', { n })))).join(''));
  for (const n of [1, 2, 3]) {
    t.same(JSON.parse((await raw.answer()).body).result, { n });
  }
});

t.test('an answer that takes its time comes when it is there', async (t) => {
  const echo = await startEcho(t);
  const asked = new Promise<void>((resolve) => { echo.dispatcher.onText = () => resolve(); });
  const answer = post(echo, call('later', { name: 'a' }));
  await asked;
  echo.dispatcher.open.get('a')?.({ done: true });
  t.same(JSON.parse((await answer).body).result, { done: true });
});

t.test('a caller who went away ends the session of the call', async (t) => {
  const { port, dispatcher } = await startEcho(t);
  const asked = new Promise<void>((resolve) => { dispatcher.onText = () => resolve(); });
  const raw = new RawSocket(port).write(postText(JSON.stringify(call('later', { name: 'a' }))));
  await asked;
  const [session] = dispatcher.sessions;
  const ended = new Promise<void>((resolve) => session?.onEnd(resolve));
  raw.destroy();
  await ended;
  t.same(dispatcher.ended, [session]);
  dispatcher.open.get('a')?.({});
});

t.test('content types of JSON are taken, others are 415', async (t) => {
  const echo = await startEcho(t);
  for (const type of [
    'application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'application/json-rpc',
    'application/jsonrequest', 'Application/JSON',
  ]) {
    t.equal((await post(echo, call('echo'), { 'content-type': type })).status, 200, type);
  }
  for (const type of [
    'text/plain', 'application/json; charset=latin1', 'application/x-www-form-urlencoded',
    'application/jsonp', 'multipart/form-data',
  ]) {
    t.equal((await post(echo, call('echo'), { 'content-type': type })).status, 415, type);
  }
});

t.test('the deadline of a call comes with its header', async (t) => {
  const echo = await startEcho(t);
  await post(echo, call('echo'), { 'ringpost-deadline-ms': '250' });
  await post(echo, call('echo'));
  t.match(echo.dispatcher.received, [{ deadlineMs: 250 }, { deadlineMs: undefined }]);
  for (const wrong of ['0', '-1', 'soon', '1e3']) {
    const answer = await post(echo, call('echo'), { 'ringpost-deadline-ms': wrong });
    t.equal(answer.status, 400, wrong);
  }
});

t.test('listed pages may call and read the answer, others get 403 and nothing', async (t) => {
  const echo = await startEcho(t, { origins: ['https://chat.example'] });
  const good = await post(echo, call('echo'), { origin: 'https://chat.example' });
  t.equal(good.headers.get('access-control-allow-origin'), 'https://chat.example');
  t.equal(good.headers.get('vary'), 'Origin');
  const asked = await fetch(echo.url, {
    method: 'OPTIONS',
    headers: { origin: 'https://chat.example', 'access-control-request-method': 'POST' },
  });
  t.equal(asked.status, 204);
  t.equal(asked.headers.get('access-control-allow-headers'),
    'Authorization, Content-Type, ringpost-session, ringpost-deadline-ms, Last-Event-ID');
  const count = echo.dispatcher.received.length;
  for (const origin of ['https://evil.example', 'null', 'https://chat.example.evil.net']) {
    for (const method of ['POST', 'OPTIONS', 'GET']) {
      const answer = await fetch(echo.url, {
        method,
        headers: { origin, 'content-type': 'application/json', accept: 'text/event-stream' },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
      t.equal(answer.status, 403, `${method} ${origin}`);
      t.equal(answer.headers.get('access-control-allow-origin'), null);
    }
  }
  t.equal(echo.dispatcher.received.length, count);
});

t.test('other methods are 405 with those that there are, other paths 404', async (t) => {
  const echo = await startEcho(t);
  for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD']) {
    const answer = await fetch(echo.url, { method });
    t.equal(answer.status, 405, method);
    t.equal(answer.headers.get('allow'), 'GET, POST, OPTIONS');
  }
  t.equal((await fetch(echo.url)).status, 426);
  t.equal((await fetch(`${echo.url}/more`, { method: 'POST', body: '{}' })).status, 404);
});
