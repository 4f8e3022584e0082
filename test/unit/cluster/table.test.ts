import t from 'tap';
import {
  difference, firstTable, overlay, parseTable, slotsOf,
} from '../../../src/cluster/table.js';

void t.test('the first table is the same whatever the order of the list', async (t) => {
  t.same(firstTable('c', ['b', 'a']), firstTable('c', ['a', 'b']));
  const table = firstTable('c', ['a', 'b']);
  t.same(parseTable(JSON.stringify(table)), table);
  t.equal(slotsOf(table, 'a').length + slotsOf(table, 'b').length, 4096);
});

void t.test('a node with another list is told how the two differ', async (t) => {
  const table = firstTable('c', ['a', 'b']);
  t.equal(difference(table, ['b', 'a']), undefined);
  t.match(difference(table, ['a']), /missing here: b/);
  t.match(difference(table, ['a', 'b', 'x']), /not in the cluster: x/);
});

void t.test('what a shard says of a slot holds over an older table', async (t) => {
  const table = firstTable('c', ['a', 'b']);
  const [first] = slotsOf(table, 'a');
  const slot = first?.slot ?? -1;
  t.notOk(slotsOf(overlay(table, 'b', [[slot, 1]]), 'b').some((own) => own.slot === slot));
  t.ok(slotsOf(overlay(table, 'b', [[slot, 2]]), 'b').some((own) => own.slot === slot));
});

void t.test('what is no table is refused', async (t) => {
  t.throws(() => parseTable('{"cluster":"c"}'), /cannot be read/);
});
