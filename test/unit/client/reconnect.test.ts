import t from 'tap';
import {
  next, startReconnect, type Happening, type Next, type Reconnect, type ReconnectSettings,
} from '../../../src/client/reconnect.js';
import { fullJitterMs } from '../../../src/client/backoff.js';

const settings: ReconnectSettings = {
  transports: ['websocket', 'sse', 'poll'],
  baseMs: 100, maxMs: 1_000, stableMs: 10_000, upgradeMs: 300_000,
};
const half = (): number => 0.5;
const failed: Happening = { type: 'failed' };
const online: Happening = { type: 'online', nodes: ['http://b/rpc'] };

/** Runs happenings one after another; the answer is the last state and decision. */
function run(state: Reconnect, ...happenings: Happening[]): readonly [Reconnect, Next] {
  let then: Next = { do: 'stay' };
  for (const happening of happenings) [state, then] = next(state, happening, half);
  return [state, then];
}
const closed = (code: number, onlineMs = 20_000): Happening => ({ type: 'closed', code, onlineMs });
const start = startReconnect(['http://a/rpc'], settings);

t.test('a blocked transport is followed at once by the next, then by the back-off', async (t) => {
  const [afterOne, one] = run(start, failed);
  t.equal(afterOne.transport, 'sse');
  t.same(one, { do: 'connect', delayMs: 0 });
  t.equal(run(start, failed, failed)[0].transport, 'poll');
  const [afterAll, all] = run(start, failed, failed, failed);
  t.equal(afterAll.transport, 'websocket');
  t.same(all, { do: 'connect', delayMs: 50 });
  const [, second] = run(afterAll, failed, failed, failed);
  t.same(second, { do: 'connect', delayMs: 100 }, 'the bound doubles');
});

t.test('what worked is tried three times before the lesser ways', async (t) => {
  const [state] = run(start, online, closed(1006), failed, failed, failed);
  t.equal(state.transport, 'websocket');
  t.equal(run(state, failed)[0].transport, 'sse');
});

t.test('a lesser way that worked is kept, until it was up for long', async (t) => {
  t.equal(run(start, failed, online, closed(1006))[0].transport, 'sse');
  t.equal(run(start, failed, online, closed(1006, 300_000))[0].transport, 'websocket');
});

t.test('a lost node is left for the others that the server named', async (t) => {
  const [state] = run(start, online, closed(1006));
  t.equal(state.url, 'http://a/rpc', 'the network may have blinked');
  t.equal(run(state, failed)[0].url, 'http://b/rpc');
  t.equal(run(start, online, closed(1012))[0].url, 'http://b/rpc', 'it said that it goes');
});

t.test('close codes are obeyed', async (t) => {
  for (const [code, reason] of [
    [4400, 'protocol'], [4403, 'forbidden'], [4409, 'too_many_connections'],
  ] as const) t.same(run(start, online, closed(code))[1], { do: 'stop', reason });
  for (const code of [1001, 1006, 1012, 4401, 4408, 4429, 4508]) {
    t.same(run(start, online, closed(code))[1], { do: 'connect', delayMs: 50 });
  }
  const flood: Happening = { type: 'closed', code: 4429, onlineMs: 20_000, retryAfterMs: 700 };
  t.same(run(start, online, flood)[1], { do: 'connect', delayMs: 750 });
});

t.test('connections that never last back off more and more', async (t) => {
  const delays: number[] = [];
  let state = start;
  for (let turn = 0; turn < 14; turn += 1) {
    const [after, then] = run(state, online, closed(1006, 5));
    state = after;
    if (then.do === 'connect') delays.push(then.delayMs);
  }
  t.same(delays.slice(0, 4), [50, 50, 100, 100], 'two URLs make one round');
  t.equal(delays.at(-1), 500, 'never above half of the greatest bound');
});

t.test('a refused token is asked for anew, but not for ever', async (t) => {
  const refused = (tokenMayChange: boolean, code = 401): Happening =>
    ({ type: 'refused', code, tokenMayChange });
  t.same(run(start, refused(false))[1], { do: 'stop', reason: 'unauthenticated' });
  t.equal(run(start, refused(true))[1].do, 'connect');
  t.same(run(start, refused(true), refused(true), refused(true))[1],
    { do: 'stop', reason: 'unauthenticated' });
  t.same(run(start, refused(true, 403))[1], { do: 'stop', reason: 'forbidden' });
  t.equal(run(start, refused(false, -32009))[1].do, 'connect', 'busy is no refusal');
});

t.test('a draining node names the next one', async (t) => {
  const [to, then] = run(start, online, { type: 'moved', to: 'http://c/rpc', afterMs: 7 });
  t.equal(to.url, 'http://c/rpc');
  t.same(then, { do: 'connect', delayMs: 7 }, 'at its own moment');
  t.equal(run(start, online, { type: 'moved', afterMs: 0 })[0].url, 'http://b/rpc');
});

t.test('full jitter reaches from nothing to its bound', async (t) => {
  t.equal(fullJitterMs(3, 100, 10_000, () => 0), 0);
  t.equal(fullJitterMs(3, 100, 10_000, () => 0.999999), 799);
  t.equal(fullJitterMs(500, 100, 10_000, () => 0.5), 5_000);
});
