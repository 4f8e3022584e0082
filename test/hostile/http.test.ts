import { gzipSync } from 'node:zlib';
import t from 'tap';
import { postText } from '../helpers/raw-socket.js';
import { rawSocket, startTarget } from './transport-server.js';

const body = '{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]}';

t.test('what two readers could read as two requests is 400, and the connection ends', async (t) => {
  const target = await startTarget(t);
  const start = 'POST /rpc HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
  const length = `content-length: ${body.length}\r\n`;
  const cases: readonly (readonly [string, string])[] = [
    ['two lengths', `${length}content-length: 5\r\n\r\n${body}`],
    ['the same length twice', `${length}${length}\r\n${body}`],
    ['a list of lengths', `content-length: ${body.length}, 5\r\n\r\n${body}`],
    ['a length and a coding', `${length}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a coding and a length', `transfer-encoding: chunked\r\n${length}\r\n0\r\n\r\n`],
    ['a negative length', `content-length: -1\r\n\r\n${body}`],
    ['a length in hex', `content-length: 0x10\r\n\r\n${body}`],
    ['a length with a sign', `content-length: +${body.length}\r\n\r\n${body}`],
    ['a chunk size that is none', 'transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n'],
  ];
  for (const [what, rest] of cases) {
    const raw = rawSocket(t, target.port).write(start + rest);
    const text = await raw.closed();
    t.notMatch(text, '"result"', what);
    if (what !== 'a chunk size that is none') t.match(text, /^HTTP\/1.1 400 /, what);
    await target.unharmed(what);
  }
});

t.test('bodies that are not taken are refused by status', async (t) => {
  const target = await startTarget(t, { maxBodyBytes: 100_000 });
  const cases: readonly (readonly [
    string, Record<string, string>, string | Uint8Array<ArrayBuffer>, number,
  ])[] = [
    ['gzip', { 'content-encoding': 'gzip' }, gzipSync(body), 415],
    ['deflate', { 'content-encoding': 'deflate' }, body, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, body, 415],
    ['text, as pages may send it without being asked', { 'content-type': 'text/plain' }, body, 415],
    ['a body over the bound', {}, 'x'.repeat(100_001), 413],
  ];
  for (const [what, headers, text, status] of cases) {
    const response = await fetch(target.url, {
      method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text,
    });
    t.equal(response.status, status, what);
    t.same(Object.keys(await response.json() as object), ['error', 'reason']);
    await target.unharmed(what);
  }
  const untyped = rawSocket(t, target.port).write(
    `POST /rpc HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  t.equal((await untyped.answer()).status, 415, 'no content type');
  untyped.write(postText(body));
  t.equal((await untyped.answer()).status, 200, 'and the connection is usable still');
});

t.test('a body in chunks without end is 413 at the bound', async (t) => {
  const target = await startTarget(t, { maxBodyBytes: 100_000 });
  const raw = rawSocket(t, target.port).write('POST /rpc HTTP/1.1\r\nhost: a\r\n'
    + 'content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
  let sent = 0;
  while (!raw.ended && sent < 1000) {
    raw.write(chunk);
    sent += 1;
    await new Promise(setImmediate);
  }
  t.ok(sent < 1000, `${sent} chunks`);
  await target.unharmed('endless chunks');
});

t.test('headers over 4 KiB are 431', async (t) => {
  const target = await startTarget(t);
  for (const headers of [
    { 'x-long': 'x'.repeat(5000) },
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, 'some value'])),
    { authorization: `Bearer ${'x'.repeat(5000)}` },
  ]) {
    const raw = rawSocket(t, target.port).write(postText(body, headers));
    t.match(await raw.closed(), /^HTTP\/1.1 431 /);
    await target.unharmed('long headers');
  }
});

t.test('what is no HTTP/1.1 request is refused, and the connection ends', async (t) => {
  const target = await startTarget(t);
  for (const [what, text, answer] of [
    ['HTTP/1.0', 'POST /rpc HTTP/1.0\r\n\r\n', /^HTTP\/1.1 505 /],
    ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^(HTTP\/1.1 \d{3} |$)/],
  ] as const) {
    const raw = rawSocket(t, target.port).write(text);
    t.match(await raw.closed(), answer, what);
    await target.unharmed(what);
  }
});

t.test('headers and bodies that trickle or make no sense are cut off within 15 s', async (t) => {
  const target = await startTarget(t);
  const texts = [
    'POST /rpc HTTP/1.1\r\nhost: ',
    'POST /rpc HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'
      + 'content-length: 999\r\n\r\n',
    postText(body, { 'a b': 'a space in a name' }),
    '',
  ];
  await Promise.all(texts.map(async (text) => {
    const raw = rawSocket(t, target.port).write(text);
    const started = performance.now();
    const trickle = setInterval(() => { if (text !== '') raw.write('x'); }, 1000);
    await raw.closed();
    clearInterval(trickle);
    t.ok(performance.now() - started < 15_000, JSON.stringify(text));
  }));
  await target.unharmed('trickling');
});

t.test('a caller who goes away in the middle of anything harms nobody', async (t) => {
  const target = await startTarget(t);
  const whole = postText(body, { authorization: 'Bearer slow' });
  for (let length = 1; length < whole.length; length += 7) {
    const raw = rawSocket(t, target.port).write(whole.slice(0, length));
    await new Promise((resolve) => raw.socket.once('ready', resolve));
    raw.destroy();
  }
  await target.unharmed('torn requests');
});
