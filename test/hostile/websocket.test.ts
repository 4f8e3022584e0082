import { deflateRawSync } from 'node:zlib';
import t from 'tap';
import { frame, handshake, upgraded, type RawSocket } from '../helpers/raw-socket.js';
import { rawSocket, startTarget, type Target } from './transport-server.js';

const call = (value: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'echo', params: { value } });

/** The close code of a frame that came as raw text, if one did. */
function closeCodeIn(text: string): number | undefined {
  const at = text.lastIndexOf('\x88');
  return at < 0 ? undefined : text.charCodeAt(at + 2) * 256 + text.charCodeAt(at + 3);
}

/** Sends bytes on a fresh WebSocket; what came until the server closed. */
async function closedAfter(
  { port }: Target, ...parts: (string | Uint8Array)[]
): Promise<string> {
  const raw = await upgraded(port);
  for (const part of parts) raw.write(part);
  return raw.closed();
}

t.test('frames that the protocol forbids end their connection, without an answer', async (t) => {
  const target = await startTarget(t);
  const cases: readonly (readonly [string, ...Uint8Array[]])[] = [
    ['reserved bit 1 (nothing was negotiated)', frame(0xc1, call(1))],
    ['reserved bit 2', frame(0xa1, call(1))],
    ['reserved bit 3', frame(0x91, call(1))],
    ['a reserved opcode', frame(0x83, call(1))],
    ['a reserved control opcode', frame(0x8b, 'x')],
    ['a continuation of nothing', frame(0x80, call(1))],
    ['a text inside a fragmented text', frame(0x01, '{'), frame(0x81, call(1))],
    ['a fragmented ping', frame(0x09, 'x')],
    ['a ping of 126 bytes', frame(0x89, 'x'.repeat(126))],
    ['bytes that are no UTF-8', frame(0x81, Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
    ['half a surrogate', frame(0x81, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))],
    ['a frame that claims 2^62 bytes', Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3,
      4])],
    ['a deflate bomb', frame(0xc1, deflateRawSync(Buffer.alloc(10_000_000, 0x61)))],
  ];
  for (const [what, ...frames] of cases) {
    t.equal(await closedAfter(target, ...frames), '', what);
    await target.unharmed(what);
  }
});

t.test('compression is never agreed to', async (t) => {
  const { port } = await startTarget(t);
  const raw = rawSocket(t, port).write(handshake({
    'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
  }));
  t.notMatch(await raw.until('\r\n\r\n'), /sec-websocket-extensions/i);
});

t.test('a binary frame is closed with 4400', async (t) => {
  const target = await startTarget(t);
  t.equal(closeCodeIn(await closedAfter(target, frame(0x82, call(1)))), 4400);
  await target.unharmed('binary');
});

t.test('a frame over its bound is -32007, one far over it ends the connection', async (t) => {
  const target = await startTarget(t);
  const raw = await upgraded(target.port);
  t.teardown(() => raw.destroy());
  raw.write(frame(0x81, call('x'.repeat(65_536))));
  t.match(await raw.until('}}'), '"code":-32007');
  t.match(raw.text, '"limit":"maxFrameBytes"');
  raw.text = '';
  raw.write(frame(0x81, call('still here')));
  t.match(await raw.until('}'), 'still here');
  await target.unharmed('a frame over its bound');
  t.equal(await closedAfter(target, frame(0x81, call('x'.repeat(300_000)))), '');
  await target.unharmed('a frame far over its bound');
});

t.test('fragments without end end their connection at the bound', async (t) => {
  const target = await startTarget(t);
  const raw = await upgraded(target.port);
  const piece = frame(0x00, 'x'.repeat(1000));
  raw.write(frame(0x01, '"'));
  let sent = 0;
  while (!raw.ended && sent < 10_000) {
    raw.write(piece);
    sent += 1;
    await new Promise(setImmediate);
  }
  t.equal(await raw.closed(), '');
  t.ok(sent < 10_000);
  await target.unharmed('endless fragments');
});

t.test('an unmasked frame is never taken for a call, and its connection ends', async (t) => {
  // The library does not look at the mask bit: it takes four bytes of the text for the mask.
  const target = await startTarget(t, { idleTimeoutMs: 400 });
  const raw = await upgraded(target.port);
  raw.write(frame(0x81, call('taken'), false));
  const text = await raw.closed();
  t.notMatch(text, 'taken');
  t.equal(closeCodeIn(text), 4408);
});

t.test('a flood of pings is closed with 4429', async (t) => {
  const target = await startTarget(t);
  const raw = await upgraded(target.port);
  raw.write(Buffer.concat(Array.from({ length: 1000 }, () => frame(0x89, 'x'))));
  t.equal(closeCodeIn(await raw.closed()), 4429);
  await target.unharmed('ping flood');
});

t.test('a connection that answers no ping is closed with 4408', async (t) => {
  const { port } = await startTarget(t, { idleTimeoutMs: 300 });
  const text = await (await upgraded(port)).closed();
  t.equal(text.charCodeAt(0), 0x89, 'it was pinged');
  t.equal(closeCodeIn(text), 4408);
});

t.test('a connection that does not authenticate in time is closed with 4401', async (t) => {
  const { port } = await startTarget(t, { authTimeoutMs: 200 });
  t.equal(closeCodeIn(await (await upgraded(port)).closed()), 4401);
});

t.test('a handshake that is none is refused by status', async (t) => {
  const target = await startTarget(t, {}, { origins: ['https://chat.example'] });
  const cases: readonly (readonly [string, Record<string, string>, number])[] = [
    ['another version', { 'sec-websocket-version': '8' }, 426],
    ['a key that is too short', { 'sec-websocket-key': 'abc' }, 400],
    ['an Origin that is not listed', { origin: 'https://evil.example' }, 403],
    ['Origin null', { origin: 'null' }, 403],
    ['an Origin that only ends like a listed one', { origin: 'https://evilchat.example' }, 403],
    ['an Origin that only begins like one', { origin: 'https://chat.example.evil.net' }, 403],
    ['a bad token', { authorization: 'Bearer bad' }, 401],
    ['a listed Origin', { origin: 'https://chat.example' }, 101],
    ['no Origin', {}, 101],
  ];
  for (const [what, headers, status] of cases) {
    const raw = rawSocket(t, target.port).write(handshake(headers));
    t.match(await raw.until('\r\n\r\n'), new RegExp(`^HTTP/1.1 ${status} `), what);
    raw.destroy();
    await target.unharmed(what);
  }
});

t.test('a spoofed X-Forwarded-For moves nobody to another address', async (t) => {
  const { port } = await startTarget(t, { maxUnauthenticatedPerAddress: 2 });
  const open: RawSocket[] = [];
  for (const address of ['10.0.0.1', '10.0.0.2']) {
    open.push(await upgraded(port, { 'x-forwarded-for': address }));
  }
  const third = rawSocket(t, port).write(handshake({ 'x-forwarded-for': '10.0.0.3' }));
  t.match(await third.until('\r\n\r\n'), /^HTTP\/1.1 429 /);
  open[0]?.write(frame(0x81, '{"jsonrpc":"2.0","id":1,"method":"whoami"}'));
  t.match(await open[0]?.until('}'), '"127.0.0.1"');
  for (const raw of open) raw.destroy();
});

t.test('a proxy that is trusted names the address that is counted', async (t) => {
  const { port } = await startTarget(
    t, { maxUnauthenticatedPerAddress: 1 }, { trustedProxies: ['127.0.0.1'] },
  );
  const one = await upgraded(port, { 'x-forwarded-for': '10.0.0.1' });
  const two = await upgraded(port, { 'x-forwarded-for': '10.9.9.9, 10.0.0.2' });
  const again = rawSocket(t, port).write(handshake({ 'x-forwarded-for': '10.0.0.1' }));
  t.match(await again.until('\r\n\r\n'), /^HTTP\/1.1 429 /);
  two.write(frame(0x81, '{"jsonrpc":"2.0","id":1,"method":"whoami"}'));
  t.match(await two.until('}'), '"10.0.0.2"');
  for (const raw of [one, two]) raw.destroy();
});
