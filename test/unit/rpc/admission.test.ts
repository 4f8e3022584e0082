import fc from 'fast-check';
import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { LagMeter, Turnstile } from '../../../src/rpc/admission.js';
import { RateState, RateTable, strike, take } from '../../../src/rpc/rate.js';

t.test('a turnstile lets in at most so many, in order, and forgets who left', async (t) => {
  const turnstile = new Turnstile(1, 2);
  const started: string[] = [];
  const waiting = (name: string) => ({ start: () => { started.push(name); } });
  t.ok(turnstile.enter());
  t.notOk(turnstile.enter());
  const [a, b, c] = [waiting('a'), waiting('b'), waiting('c')];
  t.ok(turnstile.wait(a));
  t.ok(turnstile.wait(b));
  t.notOk(turnstile.wait(c), 'the queue is full');
  turnstile.forget(a);
  t.ok(turnstile.wait(c));
  turnstile.leave();
  t.same(started, ['b']);
  turnstile.leave();
  t.same(started, ['b', 'c']);
  turnstile.leave();
  t.equal(turnstile.running, 0);
});

t.test('a caller never gets more than a burst and what came back meanwhile', async (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 200 });
  fc.assert(fc.property(gaps, (gaps) => {
    const state = new RateState();
    let nowMs = 0;
    let taken = 0;
    for (const gapMs of gaps) {
      nowMs += gapMs;
      const waitMs = take(state, 10, 5, nowMs);
      if (waitMs === 0) taken += 1;
      else if (take(structuredClone(state), 10, 5, nowMs + waitMs) !== 0) return false;
    }
    return taken <= 5 + nowMs / 100 + 1;
  }));
  t.equal(take(new RateState(), 0, 0, 0), 0, '0 is no limit');
});

t.test('calling a little too fast is refused for ever; twice too fast is a flood', async (t) => {
  const run = (everyMs: number): boolean => {
    const state = new RateState();
    for (let nowMs = 0; nowMs < 60_000; nowMs += everyMs) {
      if (take(state, 100, 200, nowMs) > 0 && strike(state, 100, 200, nowMs)) return true;
    }
    return false;
  };
  t.equal(run(10), false, 'at the rate');
  t.equal(run(10 / 1.5), false, 'half as fast again');
  t.equal(run(2), true, 'five times');
});

t.test('the table of rates is bounded and forgets the one not seen for longest', async (t) => {
  const table = new RateTable(3);
  const [a] = ['a', 'b', 'c'].map((name) => table.get(name));
  t.equal(table.get('a'), a);
  table.get('d');
  t.equal(table.size, 3);
  t.equal(table.get('a'), a, 'a was seen after b');
  const b = table.get('b');
  t.equal(table.get('b'), b);
});

t.test('one pause is no overload, two in a row are, and calm ends it', async (t) => {
  const clock = new ManualClock();
  const timers: (() => void)[] = [];
  const lateClock = {
    now: () => clock.now(), monotonic: () => clock.monotonic(),
    after: (_delayMs: number, run: () => void) => {
      timers.push(run);
      return () => undefined;
    },
  };
  const meter = new LagMeter(lateClock, 200, 50);
  const tick = (afterMs: number): boolean => {
    clock.advance(afterMs);
    timers.shift()?.();
    return meter.overloaded(clock.monotonic());
  };
  t.notOk(meter.overloaded(0));
  t.notOk(tick(500));
  t.ok(tick(500));
  t.notOk(tick(60));
  t.notOk(tick(60));
  clock.advance(60);
  timers.shift()?.();
  timers.shift()?.();
  t.equal(timers.length, 0, 'no timer while nobody calls');
});
