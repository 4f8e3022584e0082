import t, { type Test } from 'tap';
import { userKey, type UserKey } from '../../src/base/ids.js';
import type { Profile } from '../../src/store/users.js';
import type { StoreFactory, StoreUnderTest } from './harness.js';

const profile = (user: string, more: Partial<Profile> = {}): Profile => ({
  user, groups: [], active: true, blocked: false, revokedBefore: 0, lastSeen: 0, version: 0,
  ...more,
});

/** What every user store does; the factory makes the one under test. */
export async function userConformance(name: string, make: StoreFactory): Promise<void> {
  await t.test(`users: ${name}`, async (t) => {
    const withUsers = (
      title: string,
      run: (t: Test, under: StoreUnderTest, key: (id: string) => UserKey) => Promise<void>,
    ): Promise<unknown> => t.test(title, async (t) => {
      const under = await make();
      try {
        await run(t, under, (id) => userKey(under.tenant, id));
      } finally {
        await under.close();
      }
    });

    await withUsers('a profile is kept as it was given', async (t, { store }, key) => {
      t.equal(await store.users.get(key('ann')), undefined);
      const whole = profile('ann', {
        login: 'a', name: 'Ann', surname: 'S', patronymic: 'P', role: 'admin',
        groups: ['g1', 'g2'], active: false, blocked: true, revokedBefore: 5, lastSeen: 6,
        setHere: ['role'],
      });
      t.same(await store.users.update(key('ann'), () => whole), { ...whole, version: 1 });
      t.same(await store.users.get(key('ann')), { ...whole, version: 1 });
      await store.users.update(key('ann'), () => profile('ann'));
      t.same(await store.users.get(key('ann')), profile('ann', { version: 2 }));
      t.same(await store.users.many([key('bob'), key('ann')]),
        [undefined, profile('ann', { version: 2 })]);
    });

    await withUsers('changes of one user follow one another', async (t, { store }, key) => {
      await Promise.all(Array.from({ length: 20 }, () => store.users.update(key('ann'),
        (before) => ({ ...before ?? profile('ann'), lastSeen: (before?.lastSeen ?? 0) + 1 }))));
      t.match(await store.users.get(key('ann')), { lastSeen: 20, version: 20 });
      t.match(await store.users.update(key('ann'), () => undefined), { lastSeen: 20, version: 20 });
      t.equal(await store.users.update(key('bob'), () => undefined), undefined);
    });

    await withUsers('users are listed in the order of their ids', async (t, under, key) => {
      const { users } = under.store;
      for (const id of ['cat', 'ann', 'bob']) await users.update(key(id), () => profile(id));
      await users.update(userKey(`${under.tenant}x`, 'eve'), () => profile('eve'));
      const ids = async (after: string, limit: number): Promise<string[]> =>
        (await users.list(under.tenant, after, limit)).map(({ user }) => user);
      t.same(await ids('', 2), ['ann', 'bob']);
      t.same(await ids('bob', 2), ['cat']);
      t.same(await ids('', 9), ['ann', 'bob', 'cat'], 'of this tenant alone (G11)');
    });

    await withUsers('a revoked user is known before the call ends', async (t, under, key) => {
      const { users } = under.store;
      const { seen } = await users.revocationsAfter('');
      await users.revoke(under.tenant, { user: 'ann' }, 900, 0, false);
      t.match(await users.get(key('ann')), { revokedBefore: 900, blocked: false, active: true });
      await users.revoke(under.tenant, { user: 'ann' }, 800, 0, true);
      t.match(await users.get(key('ann')), { revokedBefore: 900, blocked: true });
      const news = await users.revocationsAfter(seen);
      const mine = news.revocations.filter(({ tenant }) => tenant === under.tenant);
      t.match(mine, [{ user: 'ann', at: 900, blocked: false },
        { user: 'ann', at: 800, blocked: true }]);
      t.same((await users.revocationsAfter(news.seen)).revocations
        .filter(({ tenant }) => tenant === under.tenant), [], 'each is told once');
    });

    await withUsers('a revoked token stays so until it expires', async (t, under) => {
      const { users } = under.store;
      const { seen } = await users.revocationsAfter('');
      t.notOk(await users.tokenRevoked(under.tenant, 'jti'));
      await users.revoke(under.tenant, { tokenId: 'jti' }, under.now(), under.now() + 400, false);
      t.ok(await users.tokenRevoked(under.tenant, 'jti'));
      t.notOk(await users.tokenRevoked(`${under.tenant}x`, 'jti'), 'of this tenant alone');
      t.match((await users.revocationsAfter(seen)).revocations
        .filter(({ tenant }) => tenant === under.tenant), [{ tokenId: 'jti' }]);
      await under.advance(500);
      t.notOk(await users.tokenRevoked(under.tenant, 'jti'));
    });
  });
}
