import t from 'tap';
import { RpcError, type Interceptor } from '../../../src/rpc/index.js';
import { callText, makeService, simon } from './service.js';

t.test('a handler that returns no promise is answered before receive returns', async (t) => {
  const { dispatcher, connect } = makeService();
  let answer: string | undefined;
  dispatcher.receive(connect(), callText('now', 'a', 1), { at: 0 }, (text) => { answer = text; });
  t.equal(answer, '{"jsonrpc":"2.0","result":"a","id":1}');
});

t.test('calls of a batch start in order and are answered in order', async (t) => {
  const { connect, held, order } = makeService();
  const answer = connect().send(
    `[${['hold,a,1', 'now,b,2', 'hold,c,3'].map((text) => {
      const [method = '', name = '', id = ''] = text.split(',');
      return callText(method, name, Number(id));
    }).join(',')}]`,
  );
  t.same(order, ['a', 'b', 'c']);
  held[1]?.resolve('later');
  held[0]?.resolve('first');
  const results: unknown = JSON.parse(await answer ?? '');
  t.match(results, [
    { result: 'first', id: 1 }, { result: 'b', id: 2 }, { result: 'later', id: 3 },
  ]);
});

t.test('an id in flight is refused a second time, and free once answered', async (t) => {
  const { connect, held } = makeService();
  const session = connect();
  const first = session.send(callText('hold', 'a', 'x'));
  t.match(await session.send(callText('hold', 'b', 'x')), /-32600.*id_in_flight/);
  t.match(await connect().send(callText('now', 'b', 'x')), /result/, 'other sessions are free');
  held[0]?.resolve(1);
  await first;
  t.match(await session.send(callText('now', 'b', 'x')), /result/);
});

t.test('a call that was not handed on can be cancelled, and its signal says so', async (t) => {
  const { connect, held, dispatcher } = makeService();
  const session = connect();
  const answer = session.send(callText('hold', 'a', 1));
  const signal = held[0]?.call.signal;
  t.equal(dispatcher.inFlight, 1);
  await session.send('{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}');
  t.match(await answer, /-32800/);
  t.ok(signal?.aborted);
  t.equal(dispatcher.inFlight, 0);
  t.throws(() => held[0]?.call.handedOn(), { code: -32800 }, 'nothing may happen any more');
  held[0]?.resolve('too late');
});

t.test('a call that was handed on is not cancelled', async (t) => {
  const { connect, held } = makeService();
  const session = connect();
  const answer = session.send(callText('hold', 'a', 1));
  held[0]?.call.handedOn();
  await session.send('{"jsonrpc":"2.0","method":"$/cancelRequest","params":[1]}');
  held[0]?.resolve('done');
  t.match(await answer, /"result":"done"/);
});

t.test('a deadline says whether anything can have happened (trap 4)', async (t) => {
  const { connect, held, clock } = makeService({ deadlineMs: 5_000 });
  const session = connect();
  const before = session.send(callText('hold', 'a', 1));
  const after = session.send(callText('hold', 'b', 2));
  const short = session.send(callText('hold', 'c', 3), 1_000);
  held[1]?.call.handedOn();
  clock.advance(1_100);
  t.match(await short, /-32009.*expired/);
  clock.advance(4_000);
  t.match(await before, /-32009.*expired/);
  t.match(await after, /-32002.*deadline/);
  held[0]?.reject(new Error('a late failure is nobody\'s'));
});

t.test('calls above maxRunningCalls wait, start in order, and may expire waiting', async (t) => {
  const { connect, held, order, clock } = makeService({
    maxRunningCalls: 1, maxQueuedCalls: 2, maxInFlightCalls: 0,
  });
  const session = connect();
  const first = session.send(callText('hold', 'a', 1));
  const second = session.send(callText('now', 'b', 2));
  const third = session.send(callText('now', 'c', 3), 500);
  t.match(await session.send(callText('now', 'd', 4)), /-32009.*overloaded.*retryAfterMs/);
  const poll = session.send(callText('poll', 'p', 5));
  t.same(order, ['a', 'p'], 'what only waits for something takes no place');
  clock.advance(600);
  t.match(await third, /-32009.*expired/);
  held[0]?.resolve(1);
  await first;
  t.match(await second, /"result":"b"/);
  held[1]?.resolve(1);
  await poll;
  t.same(order, ['a', 'p', 'b'], 'the expired one never began');
});

t.test('a long queue of calls that answer at once is no deep stack', async (t) => {
  const { connect, held } = makeService({
    maxRunningCalls: 1, maxInFlightCalls: 0, callsPerSecond: 0, maxQueuedCalls: 0,
  });
  const session = connect();
  const answers = [session.send(callText('hold', 'a', 0))];
  for (let id = 1; id < 20_000; id += 1) answers.push(session.send(callText('now', 'b', id)));
  held[0]?.resolve('a');
  const all = await Promise.all(answers);
  t.ok(all.every((answer) => answer?.includes('result')));
});

t.test('calls in flight on one connection are bounded', async (t) => {
  const { connect, held } = makeService({ maxInFlightCalls: 2 });
  const session = connect();
  const open = [session.send(callText('hold', 'a', 1)), session.send(callText('hold', 'a'))];
  t.match(await session.send(callText('hold', 'c', 3)), /429.*maxInFlightCalls/);
  for (const { resolve } of held) resolve(null);
  t.same(await Promise.all(open), ['{"jsonrpc":"2.0","result":null,"id":1}', undefined]);
});

t.test('a session that ends takes its calls along, but not those handed on', async (t) => {
  const { connect, held, dispatcher } = makeService();
  const session = connect();
  const dropped = session.send(callText('hold', 'a', 1));
  const kept = session.send(callText('hold', 'b', 2));
  held[1]?.call.handedOn();
  session.disconnect();
  t.match(await dropped, /-32800/);
  t.equal(dispatcher.inFlight, 1);
  held[1]?.resolve('done');
  t.match(await kept, /done/);
  t.equal(dispatcher.inFlight, 0);
});

t.test('rates count the items of a batch one by one, and floods are cut off', async (t) => {
  const { connect, clock } = makeService({ callsPerSecond: 10, callsBurst: 4 });
  const session = connect();
  const six = `[${[1, 2, 3, 4, 5, 6].map((id) => callText('now', 'a', id)).join(',')}]`;
  const answers: unknown = JSON.parse(await session.send(six) ?? '');
  t.match(answers, [{ result: 'a' }, { result: 'a' }, { result: 'a' }, { result: 'a' },
    { error: { code: 429, data: { retryAfterMs: 100 } } }, { error: { code: 429 } }]);
  clock.advance(100);
  t.match(await session.send(callText('now', 'a', 1)), /result/, 'one came back');
  await session.send(six);
  t.equal(session.closedWith, 4429);
  t.match(await connect().send(callText('now', 'a', 1)), /result/, 'others are unharmed');
});

t.test('an API key has one rate of its own wherever it is used', async (t) => {
  const { connect } = makeService({ callsPerSecond: 1, callsBurst: 1, apiKeyCallsPerSecond: 3 });
  const identity = { ...simon, kind: 'apiKey' as const, tokenId: 'key-1' };
  const [one, two] = [connect({ identity }), connect({ identity })];
  for (const session of [one, two, one]) {
    t.match(await session.send(callText('now', 'a', 1)), /result/);
  }
  t.match(await two.send(callText('now', 'a', 1)), /429/);
});

t.test('an answer over its limit is an error, alone and in a batch', async (t) => {
  const { connect, held } = makeService({ maxAnswerBytes: 200 });
  const session = connect();
  const alone = session.send(callText('hold', 'a', 1));
  held[0]?.resolve('x'.repeat(201));
  t.match(await alone, /-32008.*maxAnswerBytes/);
  const batch = session.send(`[${callText('hold', 'a', 1)},${callText('hold', 'b', 2)}]`);
  held[1]?.resolve('x'.repeat(120));
  held[2]?.resolve('y'.repeat(120));
  t.match(JSON.parse(await batch ?? ''), [{ result: /x/ }, { error: { code: -32008 }, id: 2 }]);
});

t.test('a result that JSON cannot say is an internal error', async (t) => {
  const { connect, held } = makeService();
  const answer = connect().send(callText('hold', 'a', 1));
  held[0]?.resolve({ n: 1n });
  t.match(await answer, /-32603/);
});

t.test('what must follow the answer follows it', async (t) => {
  const { dispatcher, connect } = makeService();
  const frames: string[] = [];
  const session = connect({ onFrame: (frame) => frames.push(frame) });
  dispatcher.receive(session, callText('after', 'a', 1), { at: 0 }, (answer) => {
    if (answer !== undefined) frames.push(answer);
  });
  t.match(frames, [/"result":"a"/, /"method":"event"/]);
});

t.test('identity, push and refusal are checked before the params', async (t) => {
  const { connect, dispatcher } = makeService();
  const session = connect();
  t.match(await session.send(callText('private', 'a', 1)), /401.*missing/);
  t.equal(await connect({ identity: simon }).call('private', { name: 'a' }), 'simon');
  await t.rejects(session.call('now', { name: 'x'.repeat(21) }), {
    code: -32602, data: { path: '/name', limit: 'maxIdBytes', reason: 'too_long' },
  });
  dispatcher.refuse('draining', 700);
  t.match(await session.send(callText('now', 'a', 1)), /-32009.*draining.*700/);
  dispatcher.refuse(undefined);
  t.match(await session.send(callText('now', 'a', 1)), /result/);
});

t.test('a text whose token was refused is answered with that, call by call', async (t) => {
  const { connect, dispatcher } = makeService();
  const refused = new RpcError(401, 'expired');
  let answer: string | undefined;
  dispatcher.receive(connect(), `[${callText('now', 'a', 1)},${callText('now', 'a')}]`,
    { at: 0, refused }, (text) => { answer = text; });
  t.match(JSON.parse(answer ?? ''), [{ error: { code: 401, data: { reason: 'expired' } }, id: 1 }]);
});

t.test('interceptors stand around the handler, the first outermost', async (t) => {
  const seen: string[] = [];
  const around = (name: string): Interceptor => (next) => (call, params) => {
    seen.push(name);
    return next(call, params);
  };
  const { connect } = makeService({}, { interceptors: [around('a'), around('b')] });
  await connect().call('now', { name: 'x' });
  t.same(seen, ['a', 'b']);
});

t.test('the application maps its own errors; others show only an id', async (t) => {
  const { connect, held } = makeService({}, {
    ids: () => 'id1',
    mapError: (error) => error instanceof RangeError
      ? new RpcError(-32009, 'storage_full', { retryAfterMs: 5 }) : error,
  });
  const session = connect();
  const mapped = session.send(callText('hold', 'a', 1));
  held[0]?.reject(new RangeError('disk'));
  t.match(await mapped, /-32009.*storage_full/);
  const unknown = session.send(callText('hold', 'a', 1));
  held[1]?.reject(new Error('secret'));
  t.equal(await unknown, '{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal error",'
    + '"data":{"reason":"internal","errorId":"id1"}},"id":1}');
});

t.test('figures are kept by method and code, with unknown names as one', async (t) => {
  const { connect, metrics } = makeService();
  const session = connect();
  await session.send(callText('now', 'a', 1));
  await session.send(callText('no.such.thing', 'a', 1));
  const text = await metrics.registry.metrics();
  t.match(text, /rpc_calls_total\{method="now",code="ok"\} 1/);
  t.match(text, /rpc_calls_total\{method="unknown",code="-32601"\} 1/);
  t.match(text, /rpc_call_duration_ms_count\{method="now"\} 1/);
  t.match(text, /rpc_calls_in_flight 0/);
  t.notMatch(text, /no\.such/);
});
