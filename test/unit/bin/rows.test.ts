import t from 'tap';
import { commaSeparated, jsonLines } from '../../../bin/data/rows.js';

t.test('comma-separated values keep quotes, line breaks and their line numbers', async (t) => {
  const text = '\uFEFFuser,name,groups,active\r\nann,"A, ""B""\nC",a; b,yes\r\n\r\n'
    + 'bob,,,\ncat,C,,so\n';
  t.same([...commaSeparated(text)], [
    { line: 2, row: { user: 'ann', name: 'A, "B"\nC', groups: ['a', 'b'], active: true } },
    { line: 5, row: { user: 'bob' } },
    { line: 6, reason: 'active: neither true nor false' },
  ]);
  t.same([...commaSeparated('user\nann,x')], [{ line: 2, reason: 'more fields than columns' }]);
  t.throws(() => [...commaSeparated('user,salary\n')], /no user has a column salary/);
  t.throws(() => [...commaSeparated('name\n')], /must name the column user/);
});

t.test('lines of JSON are objects, and anything else is refused with its line', async (t) => {
  t.same([...jsonLines('{"user":"ann"}\n\n[1]\n{')], [
    { line: 1, row: { user: 'ann' } },
    { line: 3, reason: 'no object' },
    { line: 4, reason: 'no JSON' },
  ]);
});
