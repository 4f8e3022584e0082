import t, { type Test } from 'tap';
import { idOf, roomKey, userKey, type UserKey } from '../../src/base/ids.js';
import type { Delivery, ForwardItem, ForwardResult } from '../../src/store/feeds.js';
import { feedLists } from './feeds-lists.js';
import { until, type StoreFactory, type StoreUnderTest } from './harness.js';

/** Feeds of a tenant of their own, with items of one room made easily. */
export class FeedsUnderTest {
  /** A moment just gone, from which the items' times count. */
  readonly base: number;

  constructor(readonly under: StoreUnderTest) {
    this.base = under.now() - 1_000;
  }

  user(id: string): UserKey {
    return userKey(this.under.tenant, id);
  }

  /** @param more `at` counts from {@link base} */
  item(
    seq: number, users: Readonly<Record<string, number>>, more: Partial<ForwardItem> & {
      id?: string;
    } = {},
  ): ForwardItem {
    const { id = 'r', at = seq, ...rest } = more;
    return {
      room: roomKey(this.under.tenant, id), epoch: 'e1', seq,
      kind: seq === 1 ? 'create' : 'message', count: seq - 1, by: 'ann',
      version: 0, event: { method: 'message.created', params: `{"seq":${seq}}` }, large: false,
      users: Object.entries(users).map(([user, since]) => ({ user: this.user(user), since })),
      ...rest, at: this.base + at,
    };
  }

  forward(...items: ForwardItem[]): Promise<ForwardResult[]> {
    return this.under.store.feeds.forward(items);
  }

  /** A feed from its beginning, each entry as `room:seq`, or its kind where that is no seq. */
  async feed(user: string): Promise<string> {
    const page = await this.under.store.feeds.read(this.user(user), 0, 1_000);
    return page.entries.map(({ room, seq, kind }) => kind === 'read' || kind === 'user'
      ? kind : `${idOf(room)}:${seq}`).join(' ');
  }

  /** Waits for so many deliveries to one user, and answers them with the user's own part. */
  async delivered(user: string, count: number): Promise<{
    item: Delivery['item']; to: Delivery['users'][number];
  }[]> {
    const key = this.user(user);
    const mine = () => this.under.deliveries.flatMap(({ item, users }) =>
      users.filter((to) => to.user === key).map((to) => ({ item, to })));
    await until(() => mine().length >= count);
    return mine();
  }
}

export type WithFeeds = (
  title: string, run: (t: Test, feeds: FeedsUnderTest) => Promise<void>,
  limits?: Readonly<Record<string, number>>,
) => Promise<unknown>;

/** What every feed store does; the factory makes the one under test. */
export async function feedConformance(name: string, make: StoreFactory): Promise<void> {
  await t.test(`feeds: ${name}`, async (t) => {
    const withFeeds: WithFeeds = (title, run, limits) => t.test(title, async (t) => {
      const under = await make(limits);
      try {
        await run(t, new FeedsUnderTest(under));
      } finally {
        await under.close();
      }
    });
    await taking(withFeeds);
    await ending(withFeeds);
    await delivering(withFeeds);
    await bounds(withFeeds);
    await feedLists(withFeeds);
  });
}

async function taking(withFeeds: WithFeeds): Promise<void> {
  await withFeeds('items are taken once, in the order of each room', async (t, feeds) => {
    const both = { ann: 1, bob: 1 };
    t.same(await feeds.forward(feeds.item(1, both), feeds.item(2, both)),
      [{ behind: [], away: [] }, { behind: [], away: [] }]);
    await feeds.forward(feeds.item(1, both), feeds.item(2, both), feeds.item(3, both));
    t.equal(await feeds.feed('ann'), 'r:1 r:2 r:3');
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3');
    const page = await feeds.under.store.feeds.read(feeds.user('bob'), 1, 1);
    const entries = [{ n: 2, seq: 2, by: 'ann', at: feeds.base + 2 }];
    t.match(page, { head: 3, floor: 0, entries });
    t.equal(page.entries.length, 1);
  });

  await withFeeds('what comes too early is behind, and not taken', async (t, feeds) => {
    await feeds.forward(feeds.item(1, { ann: 1, bob: 1 }));
    await feeds.forward(feeds.item(2, { ann: 1 }));
    const [early] = await feeds.forward(feeds.item(3, { ann: 1, bob: 1 }));
    t.same(early, { behind: [{ user: feeds.user('bob'), next: 2 }], away: [] });
    t.equal(await feeds.feed('ann'), 'r:1 r:2 r:3');
    t.equal(await feeds.feed('bob'), 'r:1');
    await feeds.forward(feeds.item(2, { bob: 1 }), feeds.item(3, { bob: 1 }));
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3');
  });

  await withFeeds('a membership begins at its own entry', async (t, feeds) => {
    const add = { kind: 'add', subject: 'cat', count: 3 } as const;
    const [early] = await feeds.forward(feeds.item(6, { cat: 5 }));
    t.same(early?.behind, [{ user: feeds.user('cat'), next: 5 }]);
    await feeds.forward(feeds.item(5, { cat: 5 }, add));
    await feeds.forward(feeds.item(6, { cat: 5 }, { count: 4 }));
    t.equal(await feeds.feed('cat'), 'r:5 r:6');
    const [row] = await feeds.under.store.feeds.rows(feeds.user('cat'), [feeds.item(5, {}).room]);
    t.match(row, { since: 5, seq: 6, count: 4, read: 3, lastMessage: 6 });
  });

  await withFeeds('calls that overlap take each item once', async (t, feeds) => {
    const both = { ann: 1, bob: 1 };
    const items = [1, 2, 3, 4].map((seq) => feeds.item(seq, both));
    await Promise.all([feeds.forward(...items), feeds.forward(...items)]);
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3 r:4');
  });

  await withFeeds('a read move is taken once, by version (trap 9)', async (t, feeds) => {
    const all = { bob: 1, ann: 1 };
    await feeds.forward(feeds.item(1, all), feeds.item(2, all), feeds.item(3, all));
    const { feeds: store } = feeds.under.store;
    t.equal(await store.total(feeds.user('bob')), 2);
    t.equal(await store.total(feeds.user('ann')), 0, 'one’s own messages are read');
    const move = { kind: 'read', by: 'bob', version: 1, count: 1 } as const;
    await feeds.forward(feeds.item(3, all, move), feeds.item(3, all, move));
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3 read');
    t.equal(await feeds.feed('ann'), 'r:1 r:2 r:3 read', 'the receipt');
    t.equal(await store.total(feeds.user('bob')), 1);
    t.equal(await store.total(feeds.user('ann')), 0);
    await feeds.forward(feeds.item(3, all, { ...move, version: 2, count: 2 }));
    t.equal(await store.total(feeds.user('bob')), 0);
    const [row] = await store.rows(feeds.user('bob'), [feeds.item(1, {}).room]);
    t.match(row, { count: 2, read: 2, seq: 3 });
  });

  await withFeeds('of a large room only what is forwarded is taken', async (t, feeds) => {
    const large = { large: true } as const;
    await feeds.forward(feeds.item(1, { ann: 1, bob: 1 }), feeds.item(2, { ann: 1, bob: 1 }));
    t.equal(await feeds.under.store.feeds.total(feeds.user('bob')), 1);
    await feeds.forward(feeds.item(3, { ann: 1, bob: 1 }, { kind: 'large', count: 1, ...large }));
    t.equal(await feeds.under.store.feeds.total(feeds.user('bob')), 0, 'counted no more');
    const removal = feeds.item(90, { bob: 1 }, { kind: 'remove', subject: 'bob', ...large });
    t.same(await feeds.forward(removal), [{ behind: [], away: [] }]);
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3 r:90');
    await feeds.forward(feeds.item(95, { cat: 95 }, { kind: 'add', subject: 'cat', ...large }));
    const [row] = await feeds.under.store.feeds.rows(feeds.user('cat'), [removal.room]);
    t.match(row, { large: true, since: 95, seq: 95 });
  });
}

async function ending(withFeeds: WithFeeds): Promise<void> {
  await withFeeds('a removal ends the row and is kept whole', async (t, feeds) => {
    const both = { ann: 1, bob: 1 };
    await feeds.forward(feeds.item(1, both), feeds.item(2, both));
    const removal = feeds.item(3, both, { kind: 'remove', subject: 'bob', count: 1 });
    await feeds.forward(removal, removal);
    const { feeds: store } = feeds.under.store;
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3');
    t.equal(await store.total(feeds.user('bob')), 0);
    t.same(await store.rows(feeds.user('bob'), [removal.room]), [undefined]);
    t.same((await store.rooms(feeds.user('bob'), { limit: 9 })).rows, []);
    const { entries } = await store.read(feeds.user('bob'), 2, 9);
    t.match(entries, [{ kind: 'remove', event: removal.event }]);
    t.match(await store.rows(feeds.user('ann'), [removal.room]), [{ seq: 3 }]);
    await feeds.forward(feeds.item(2, { bob: 1 }), removal);
    t.equal(await feeds.feed('bob'), 'r:1 r:2 r:3', 'driven again it changes nothing');
    await feeds.forward(feeds.item(5, { bob: 5 }, { kind: 'add', subject: 'bob', count: 2 }));
    t.match(await store.rows(feeds.user('bob'), [removal.room]),
      [{ since: 5, count: 2, read: 2 }], 'a new membership begins');
  });

  await withFeeds('a purged room ends for all, and its name begins anew', async (t, feeds) => {
    const both = { ann: 1, bob: 1 };
    await feeds.forward(feeds.item(1, both), feeds.item(2, both));
    await feeds.forward(feeds.item(3, both, { kind: 'purge', count: 1 }));
    const { feeds: store } = feeds.under.store;
    t.equal(await store.total(feeds.user('bob')), 0);
    t.same((await store.rooms(feeds.user('ann'), { limit: 9 })).rows, []);
    t.match((await store.read(feeds.user('ann'), 2, 9)).entries,
      [{ kind: 'purge', event: { method: 'message.created' } }]);
    await feeds.forward(feeds.item(1, both, { epoch: 'e2' }));
    t.match((await store.read(feeds.user('ann'), 3, 9)).entries, [{ seq: 1, epoch: 'e2' }]);
    t.match(await store.rows(feeds.user('ann'), [feeds.item(1, {}).room]), [{ seq: 1, since: 1 }]);
  });
}

async function delivering(withFeeds: WithFeeds): Promise<void> {
  await withFeeds('what was taken is handed on in feed order, durable', async (t, feeds) => {
    await feeds.under.hold([feeds.user('bob'), feeds.user('ann')]);
    const both = { ann: 1, bob: 1 };
    await feeds.forward(feeds.item(1, both), feeds.item(2, both, { key: 'k' }));
    await feeds.forward(feeds.item(2, both, { key: 'k' }), feeds.item(3, both));
    const handed = await feeds.delivered('bob', 3);
    const { epoch } = await feeds.under.store.feeds.read(feeds.user('bob'), 0, 1);
    t.match(handed.map(({ to }) => to), [
      { n: 1, epoch, unread: 0, total: 0 }, { n: 2, epoch, unread: 1, total: 1 },
      { n: 3, epoch, unread: 2, total: 2 },
    ]);
    t.match(handed.map(({ item }) => item), [
      { seq: 1 },
      { seq: 2, key: 'k', event: { method: 'message.created', params: '{"seq":2}' } },
      { seq: 3 },
    ]);
    t.equal((await feeds.delivered('ann', 3)).length, 3);
    t.equal(handed.length, 3, 'nothing twice');
  });

  await withFeeds('an event of no room is told and kept', async (t, feeds) => {
    await feeds.under.hold([feeds.user('bob')]);
    const at = feeds.base + 7;
    const event = { method: 'user.updated', params: '{"user":"ann"}' };
    await feeds.under.store.feeds.tell([feeds.user('bob'), feeds.user('cat')], event, at);
    const [handed] = await feeds.delivered('bob', 1);
    t.match(handed, { item: { kind: 'user', event, at }, to: { n: 1, unread: 0, total: 0 } });
    const page = await feeds.under.store.feeds.read(feeds.user('cat'), 0, 9);
    t.match(page.entries, [{ n: 1, kind: 'user', event, at }]);
  });
}

async function bounds(withFeeds: WithFeeds): Promise<void> {
  await withFeeds('a feed keeps its epoch from the first reading on (G6)', async (t, feeds) => {
    const { feeds: store } = feeds.under.store;
    const empty = await store.read(feeds.user('bob'), 0, 9);
    t.match(empty, { entries: [], head: 0, floor: 0 });
    t.ok(empty.epoch.length > 0);
    await feeds.forward(feeds.item(1, { bob: 1 }));
    t.equal((await store.read(feeds.user('bob'), 0, 9)).epoch, empty.epoch);
    t.not((await store.read(feeds.user('ann'), 0, 9)).epoch, empty.epoch);
    t.match(await store.read(feeds.user('bob'), 99, 9), { entries: [], head: 1 });
  });

  await withFeeds('a feed keeps so many entries and says where it begins', async (t, feeds) => {
    for (let seq = 1; seq <= 8; seq++) await feeds.forward(feeds.item(seq, { bob: 1 }));
    const page = await feeds.under.store.feeds.read(feeds.user('bob'), 0, 99);
    t.match(page, { head: 8, floor: 3 });
    t.same(page.entries.map(({ n }) => n), [4, 5, 6, 7, 8]);
    const within = await feeds.under.store.feeds.read(feeds.user('bob'), 3, 99);
    t.equal(within.entries.length, 5);
    t.equal(await feeds.under.store.feeds.total(feeds.user('bob')), 7, 'unread is not forgotten');
  }, { feedEntries: 5 });

  await withFeeds('a feed drops what is too old', async (t, feeds) => {
    const { under } = feeds;
    await feeds.forward(feeds.item(1, { bob: 1 }, { at: 1_000 }));
    await under.advance(700);
    await feeds.forward(feeds.item(2, { bob: 1 }, { at: 1_700 }));
    t.match(await under.store.feeds.read(feeds.user('bob'), 0, 9),
      { head: 2, floor: 1, entries: [{ n: 2 }] });
  }, { feedAgeMs: 500 });
}
