import t from 'tap';
import { observe, type LeaseReading, type LeaseWatch } from '../../../src/cluster/leases.js';

const rules = { deadAfterMs: 6000, maxPauseMs: 5000, graceMs: 3000 };
const look = (
  atMs: number, nodes: Record<string, string>, graves: Record<string, string> = {},
): LeaseReading => ({
  atMs, graves: new Map(Object.entries(graves)),
  nodes: new Map(Object.entries(nodes).map(([node, beat]) => [node, { incarnation: '1', beat }])),
});

/** Looks one after the other; the nodes declared dead at each. */
function watchAll(looks: readonly (LeaseReading | undefined)[]): string[][] {
  let watch: LeaseWatch | undefined;
  return looks.map((reading) => {
    if (reading === undefined) {
      watch = undefined;
      return [];
    }
    const verdict = observe(watch, reading, 'me', rules);
    watch = verdict.watch;
    return verdict.dead.map(({ node }) => node);
  });
}

void t.test('a heartbeat unchanged for 6 s is a dead node; one that moves is not', async (t) => {
  t.same(watchAll([0, 2000, 4000, 6000].map((at) => look(at, { a: '7', b: String(at) }))),
    [[], [], [], ['a']]);
});

void t.test('nobody judges itself', async (t) => {
  t.same(watchAll([0, 4000, 8000].map((at) => look(at, { me: '7' }))), [[], [], []]);
});

void t.test('a shard that was away in between expires nobody', async (t) => {
  // The simple form, 6 s since the beat was first seen, would declare a dead at 8,000.
  t.same(watchAll([look(0, { a: '7' }), look(2000, { a: '7' }), undefined, look(8000, { a: '7' })]),
    [[], [], [], []]);
});

void t.test('an observer that stood still itself expires nobody', async (t) => {
  t.same(watchAll([look(0, { a: '7' }), look(2000, { a: '7' }), look(20_000, { a: '7' })]),
    [[], [], []]);
});

void t.test('another incarnation begins anew', async (t) => {
  const first = observe(undefined, look(0, { a: '7' }), 'me', rules);
  const again: LeaseReading = {
    ...look(4000, {}), nodes: new Map([['a', { incarnation: '2', beat: '7' }]]),
  };
  const second = observe(first.watch, again, 'me', rules);
  t.same(observe(second.watch, { ...again, atMs: 8000 }, 'me', rules).dead, []);
});

void t.test('the grace runs from the last heartbeat of a node that died', async (t) => {
  const dead = observe(undefined, look(0, {}, { 'a 1': 'dead' }), 'me', rules);
  t.same(dead.sweep, [{ grave: 'a 1', agoMs: 6000 }]);
  const restarted = observe(undefined, look(0, {}, { 'a 1': 'restart' }), 'me', rules);
  t.same(restarted.sweep, []);
  const later = observe(restarted.watch, look(3000, {}, { 'a 1': 'restart' }), 'me', rules);
  t.same(later.sweep, [{ grave: 'a 1', agoMs: 3000 }]);
});
