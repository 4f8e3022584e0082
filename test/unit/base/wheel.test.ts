import fc from 'fast-check';
import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { Wheel, WheelEntry } from '../../../src/base/wheel.js';

t.test('whatever is put in runs once, never early, late by at most a tick', async (t) => {
  const delays = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 60 });
  fc.assert(fc.property(delays, fc.integer({ min: 1, max: 400 }), (delays, stepMs) => {
    const clock = new ManualClock();
    const wheel = new Wheel(clock, 20, 16);
    const ran: number[][] = delays.map(() => []);
    delays.forEach((delayMs, index) => {
      wheel.schedule(new WheelEntry(() => ran[index]?.push(clock.monotonic())), delayMs);
      clock.advance(index % 3 === 0 ? 7 : 0);
    });
    const put = clock.monotonic();
    while (clock.monotonic() < put + 4_000) clock.advance(stepMs);
    return wheel.size === 0 && delays.every((delayMs, index) => {
      const [at = -1, ...more] = ran[index] ?? [];
      return more.length === 0 && at >= delayMs && at <= Math.max(delayMs, put) + 40;
    });
  }));
  t.pass('held');
});

t.test('what is cancelled does not run, even by another that is due with it', async (t) => {
  const clock = new ManualClock();
  const wheel = new Wheel(clock);
  const ran: string[] = [];
  const entries = ['a', 'b', 'c'].map((name) => new WheelEntry(() => {
    ran.push(name);
    for (const other of entries) wheel.cancel(other);
  }));
  for (const entry of entries) wheel.schedule(entry, 50);
  const gone = new WheelEntry(() => ran.push('gone'));
  wheel.schedule(gone, 50);
  wheel.cancel(gone);
  clock.advance(100);
  t.equal(ran.length, 1);
  t.notOk(ran.includes('gone'));
  t.equal(wheel.size, 0);
});

t.test('an entry may be put in again from its own run, and is moved when it waits', async (t) => {
  const clock = new ManualClock();
  const wheel = new Wheel(clock);
  let runs = 0;
  const entry = new WheelEntry(() => {
    runs += 1;
    if (runs < 3) wheel.schedule(entry, clock.monotonic() + 100);
  });
  wheel.schedule(entry, 10);
  wheel.schedule(entry, 100);
  t.equal(wheel.size, 1);
  clock.advance(90);
  t.equal(runs, 0);
  clock.advance(400);
  t.equal(runs, 3);
  t.notOk(entry.scheduled);
});

t.test('one that throws keeps no other from running', async (t) => {
  const clock = new ManualClock();
  const wheel = new Wheel(clock);
  let ran = false;
  const fails = () => new WheelEntry(() => {
    throw new Error('boom');
  });
  wheel.schedule(fails(), 10);
  wheel.schedule(new WheelEntry(() => { ran = true; }), 10);
  wheel.schedule(fails(), 10);
  t.throws(() => clock.advance(50), AggregateError);
  t.ok(ran);
});

t.test('no timer runs while nothing waits', async (t) => {
  let timers = 0;
  const clock = new ManualClock();
  const counted = {
    now: () => clock.now(), monotonic: () => clock.monotonic(),
    after: (delayMs: number, run: () => void) => {
      timers += 1;
      return clock.after(delayMs, run);
    },
  };
  const wheel = new Wheel(counted);
  for (let index = 0; index < 1_000; index += 1) {
    wheel.schedule(new WheelEntry(() => undefined), 15);
  }
  clock.advance(60_000);
  t.equal(timers, 1);
});
