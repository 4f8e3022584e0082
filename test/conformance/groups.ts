import t, { type Test } from 'tap';
import { randomId } from '../../src/base/ids.js';
import type { Broadcast, GroupStore } from '../../src/store/groups.js';
import { TableGroups } from '../../src/store/table-groups.js';
import type { Tables } from '../../src/store/tables.js';
import type { StoreFactory } from './harness.js';

/** What every store's tables do, and the groups over them. */
export async function groupConformance(name: string, make: StoreFactory): Promise<void> {
  await t.test(`groups: ${name}`, async (t) => {
    const withGroups = (
      title: string,
      run: (t: Test, groups: GroupStore, tenant: string, tables: Tables) => Promise<void>,
    ): Promise<unknown> => t.test(title, async (t) => {
      const under = await make();
      try {
        const { tables } = under.store;
        await run(t, new TableGroups(tables, randomId), under.tenant, tables);
      } finally {
        await under.close();
      }
    });

    await withGroups('rows are read in the order of their keys', async (t, _, table, tables) => {
      const rows = ['b', 'a', 'ä', 'a\0x', 'c'].map((key) => ({ key, value: `of ${key}` }));
      t.ok(await tables.write(table, rows));
      const keys = async (from: string, to: string, limit: number, reverse = false) =>
        (await tables.range(table, from, to, limit, reverse)).map(({ key }) => key);
      t.same(await keys('a', 'c', 9), ['a', 'a\0x', 'b']);
      t.same(await keys('', '\u{10ffff}', 2), ['a', 'a\0x']);
      t.same(await keys('', '\u{10ffff}', 2, true), ['ä', 'c']);
      t.same(await tables.get(table, ['c', 'd', 'ä']), ['of c', undefined, 'of ä']);
      t.same(await tables.range(`${table}x`, '', '\u{10ffff}', 9), [], 'of this table alone');
    });

    await withGroups('rows change together, or not at all', async (t, _, table, tables) => {
      await tables.write(table, [{ key: 'a', value: '1' }]);
      t.notOk(await tables.write(table, [{ key: 'b', value: '1' }], [{ key: 'a', value: '2' }]));
      t.notOk(await tables.write(table, [{ key: 'b', value: '1' }], [{ key: 'a' }]));
      t.same(await tables.get(table, ['b']), [undefined]);
      t.ok(await tables.write(table, [{ key: 'a' }, { key: 'b', value: '' }],
        [{ key: 'a', value: '1' }, { key: 'b' }]));
      t.same(await tables.get(table, ['a', 'b']), [undefined, '']);
    });

    await withGroups('a group is kept as it was given', async (t, groups, tenant) => {
      const night = { group: 'night', title: 'Night shift', active: true };
      t.same(await groups.create(tenant, night), { ...night, members: 0 });
      t.equal(await groups.create(tenant, night), undefined, 'its id is taken');
      t.same(await groups.update(tenant, 'night', { active: false }), {
        ...night, active: false, members: 0,
      });
      t.equal(await groups.update(tenant, 'day', { active: false }), undefined);
      await groups.create(tenant, { group: 'day', active: true });
      const ids = async (after: string, limit: number) =>
        (await groups.list(tenant, after, limit)).map(({ group }) => group);
      t.same(await ids('', 9), ['day', 'night']);
      t.same(await ids('day', 1), ['night']);
      t.same(await groups.list(`${tenant}x`, '', 9), [], 'of this tenant alone (G11)');
    });

    await withGroups('a user is in a group once', async (t, groups, tenant) => {
      await groups.create(tenant, { group: 'g', active: true });
      t.match(await groups.add(tenant, 'g', ['bob', 'ann', 'bob']), { members: 2 });
      t.match(await groups.add(tenant, 'g', ['ann', 'cat']), { members: 3 });
      t.same(await groups.members(tenant, 'g', '', 2), ['ann', 'bob']);
      t.same(await groups.members(tenant, 'g', 'bob', 2), ['cat']);
      t.match(await groups.take(tenant, 'g', ['bob', 'eve']), { members: 2 });
      t.same(await groups.members(tenant, 'g', '', 9), ['ann', 'cat']);
      t.equal(await groups.add(tenant, 'h', ['ann']), undefined);
      await Promise.all(['d', 'e', 'f'].map((user) => groups.add(tenant, 'g', [user])));
      t.match(await groups.get(tenant, 'g'), { members: 5 }, 'changes follow one another');
    });

    await withGroups('a group made anew has none of its old members', async (t, groups, tenant) => {
      await groups.create(tenant, { group: 'g', active: true });
      await groups.add(tenant, 'g', ['ann']);
      t.ok(await groups.remove(tenant, 'g'));
      t.notOk(await groups.remove(tenant, 'g'));
      t.equal(await groups.get(tenant, 'g'), undefined);
      await groups.create(tenant, { group: 'g', active: true });
      t.same(await groups.members(tenant, 'g', '', 9), []);
    });

    await withGroups('a broadcast is kept until it is forgotten', async (t, groups, tenant) => {
      const begun: Broadcast = {
        tenant, id: 'b', group: 'g', by: 'ann', text: 'Hi', at: 1, after: '', sent: 0, skipped: 0,
        touchedAt: 1, done: false,
      };
      t.same(await groups.begin(begun), begun);
      const on = { ...begun, after: 'bob', sent: 1 };
      t.ok(await groups.advance(begun, on));
      t.notOk(await groups.advance(begun, { ...begun, after: 'cat' }), 'another came on with it');
      t.same(await groups.begin({ ...begun, text: 'Ho' }), on, 'it is there already');
      const mine = async () =>
        (await groups.broadcasts(1_000)).filter((broadcast) => broadcast.tenant === tenant);
      t.same(await mine(), [on]);
      await groups.forget(on);
      t.same(await mine(), []);
    });
  });
}
