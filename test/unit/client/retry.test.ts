import t from 'tap';
import { mayRepeat, retryAfterMs } from '../../../src/client/retry.js';

const half = (): number => 0.5;
const answered = (code: number, wait?: number) =>
  ({ kind: 'answered', code, ...(wait === undefined ? {} : { retryAfterMs: wait }) }) as const;

t.test('an unknown outcome is asked again only where that can do no harm (G3)', async (t) => {
  t.equal(retryAfterMs({ kind: 'lost' }, 0, true, half), 0);
  t.equal(retryAfterMs({ kind: 'lost' }, 0, false, half), undefined);
  t.equal(retryAfterMs(answered(-32002), 0, true, half), 100);
  t.equal(retryAfterMs(answered(-32002), 0, false, half), undefined);
});

t.test('what was refused before anything happened comes again when the server says', async (t) => {
  t.equal(retryAfterMs(answered(-32009, 700), 0, false, half), 800);
  t.equal(retryAfterMs(answered(429, 1_000), 2, false, half), 1_400);
});

t.test('every other error is the answer', async (t) => {
  for (const code of [-32700, -32600, -32601, -32602, -32603, -32800, 403, 404, 409, 410]) {
    t.equal(retryAfterMs(answered(code, 5), 0, true, half), undefined);
  }
});

t.test('an own method may be repeated once it has a key', async (t) => {
  t.ok(mayRepeat('message.send', {}));
  t.ok(mayRepeat('room.list', {}));
  t.notOk(mayRepeat('shop.buy', {}));
  t.ok(mayRepeat('shop.buy', { key: 'k' }));
});
