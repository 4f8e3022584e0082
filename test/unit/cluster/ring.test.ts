import t from 'tap';
import fc from 'fast-check';
import { propose, slotCount, slotOf, type Assignment } from '../../../src/cluster/ring.js';

const names = (least: number, most: number) => fc.uniqueArray(
  fc.string({ minLength: 1, maxLength: 12 }), { minLength: least, maxLength: most });

function loads(assignment: Assignment): Map<string, number> {
  const counts = new Map<string, number>();
  for (const owner of assignment) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

function overShare(assignment: Assignment, shards: number): number {
  return Math.max(...loads(assignment).values()) / (slotCount / shards) - 1;
}

void t.test('a key always has the same slot, the documented one', async (t) => {
  // xxhash64 of the empty string is 0xef46db3751d8e999 (reference implementation).
  t.equal(slotOf(''), 0x999);
  fc.assert(fc.property(fc.string(), (key) => {
    const slot = slotOf(key);
    return Number.isInteger(slot) && slot >= 0 && slot < slotCount && slot === slotOf(key);
  }));
});

void t.test('every order of the list gives one proposal, and all slots have an owner', async () => {
  fc.assert(fc.property(names(1, 16).chain((list) => fc.tuple(
    fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), ([a, b]) => {
    const one = propose(a);
    return one.length === slotCount && one.every((owner) => a.includes(owner))
      && JSON.stringify(one) === JSON.stringify(propose(b));
  }), { numRuns: 40 });
});

void t.test('at 2 to 16 shards nobody is more than 10 % over its share', async (t) => {
  for (let shards = 2; shards <= 16; shards += 1) {
    const list = Array.from({ length: shards }, (_, n) => `shard-${n}`);
    t.ok(overShare(propose(list), shards) <= 0.1, `${shards} shards`);
  }
  fc.assert(fc.property(names(2, 16), (list) => overShare(propose(list), list.length) <= 0.1),
    { numRuns: 40 });
});

void t.test('a shard added takes its share, nothing moves between those that stay', async () => {
  fc.assert(fc.property(names(3, 16), (list) => {
    const newcomer = list[0] ?? '';
    const before = propose(list.slice(1));
    const after = propose(list, before);
    const share = slotCount / list.length;
    const taken = after.filter((owner) => owner === newcomer).length;
    return after.every((owner, slot) => owner === before[slot] || owner === newcomer)
      && Math.abs(taken - share) <= 1 && overShare(after, list.length) <= 0.1;
  }), { numRuns: 40 });
});

void t.test('a shard removed leaves its own slots, and nothing else moves', async () => {
  fc.assert(fc.property(names(3, 16), (list) => {
    const leaver = list[0] ?? '';
    const before = propose(list);
    const after = propose(list.slice(1), before);
    return after.every((owner, slot) => (before[slot] === leaver
      ? owner !== leaver : owner === before[slot]))
      && overShare(after, list.length - 1) <= 0.1;
  }), { numRuns: 40 });
});

void t.test('any run of additions and removals stays balanced', async () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 12 }), (steps) => {
    const present = new Set([0, 1]);
    let assignment = propose(['0', '1']);
    for (const step of steps) {
      if (present.has(step) && present.size > 2) present.delete(step);
      else present.add(step);
      assignment = propose([...present].map(String), assignment);
      if (overShare(assignment, present.size) > 0.1) return false;
    }
    return true;
  }), { numRuns: 30 });
});

void t.test('an empty list and a name twice are refused', async (t) => {
  t.throws(() => propose([]), RangeError);
  t.throws(() => propose(['a', 'a']), RangeError);
});
