import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { Keeper } from '../../../src/rpc/keeper.js';

t.test('each is looked at when it is due, and none after it left', async (t) => {
  const clock = new ManualClock();
  const keeper = new Keeper(clock, 100);
  const seen: string[] = [];
  const kept = (name: string, dueAt: number) => ({
    dueAt,
    due(nowMs: number) {
      seen.push(`${name} ${nowMs}`);
      this.dueAt = nowMs + 1000;
    },
  });
  const a = kept('a', 150);
  const b = kept('b', 450);
  keeper.add(a);
  keeper.add(b);
  clock.advance(500);
  t.same(seen, ['a 200', 'b 500']);
  keeper.delete(b);
  clock.advance(1000);
  t.same(seen, ['a 200', 'b 500', 'a 1200']);
  keeper.delete(a);
  clock.advance(5000);
  t.equal(seen.length, 3);
  keeper.add(kept('c', 0));
  clock.advance(100);
  t.equal(seen.length, 4, 'it starts again');
});

t.test('one that leaves while it is looked at leaves nothing running', async (t) => {
  const clock = new ManualClock();
  const keeper = new Keeper(clock, 100);
  let looked = 0;
  const once = { dueAt: 0, due() { looked += 1; keeper.delete(once); } };
  keeper.add(once);
  clock.advance(1000);
  t.equal(looked, 1);
});
