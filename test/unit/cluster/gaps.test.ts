import t from 'tap';
import { GapCounter } from '../../../src/cluster/gaps.js';

void t.test('numbers that follow each other are no gap, a missing one is', async (t) => {
  const gaps = new GapCounter();
  gaps.reset(4);
  t.same([5, 6, 8, 9].map((n) => gaps.take(n)), [false, false, true, false]);
});

void t.test('the first number shows a gap where the start is known', async (t) => {
  const gaps = new GapCounter();
  t.equal(gaps.take(7), false);
  gaps.reset(4);
  t.equal(gaps.take(7), true);
});

void t.test('a shard that counts from before again is a gap', async (t) => {
  const gaps = new GapCounter();
  gaps.reset(9);
  t.equal(gaps.take(3), true);
  t.equal(gaps.take(4), false);
});

void t.test('a channel on which heartbeats do not come back is deaf (trap 13)', async (t) => {
  // The simple form, comparing numbers of what arrives, never sees an idle channel's loss.
  const gaps = new GapCounter();
  gaps.sent(0);
  t.equal(gaps.deaf(2000, 3000), false);
  gaps.sent(2000);
  t.equal(gaps.deaf(4000, 3000), true);
  gaps.arrived();
  t.equal(gaps.deaf(4000, 3000), false);
});
