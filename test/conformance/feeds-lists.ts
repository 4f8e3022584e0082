import { idOf, roomKey } from '../../src/base/ids.js';
import type { FeedsUnderTest, WithFeeds } from './feeds.js';

/** Room ids of a user's list, page by page. */
async function listed(
  feeds: FeedsUnderTest, user: string,
  options: { limit: number; unreadOnly?: boolean; largeOnly?: boolean },
): Promise<string> {
  const pages: string[] = [];
  let page: string | undefined;
  do {
    const answer = await feeds.under.store.feeds.rooms(feeds.user(user),
      { ...options, ...(page === undefined ? {} : { page }) });
    pages.push(answer.rows.map(({ room }) => idOf(room)).join(' '));
    page = answer.page;
  } while (page !== undefined);
  return pages.join(' | ');
}

/** The list of rooms: its order, its pages, what is unread. */
export async function feedLists(withFeeds: WithFeeds): Promise<void> {
  await withFeeds('rooms are listed the most recent first, in pages', async (t, feeds) => {
    for (const [n, id] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      await feeds.forward(feeds.item(1, { bob: 1 }, { id, at: 100 + n }));
    }
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'e d c b a');
    t.equal(await listed(feeds, 'bob', { limit: 2 }), 'e d | c b | a');
    await feeds.forward(feeds.item(2, { bob: 1 }, { id: 'b', at: 200 }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'b e d c a');
    await feeds.forward(feeds.item(2, { bob: 1 }, { id: 'a', at: 150 }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'b a e d c', 'by time, not by arrival');
    await feeds.forward(feeds.item(3, { bob: 1 }, { id: 'b', kind: 'title', at: 300, count: 1 }));
    await feeds.forward(feeds.item(3, { bob: 1 }, { id: 'a', at: 250 }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'a b e d c', 'a title moves no room');
    t.equal(await listed(feeds, 'nobody', { limit: 9 }), '');
  });

  await withFeeds('pages stay whole while rooms move up', async (t, feeds) => {
    for (const [n, id] of ['a', 'b', 'c', 'd'].entries()) {
      await feeds.forward(feeds.item(1, { bob: 1 }, { id, at: 100 + n }));
    }
    const { feeds: store } = feeds.under.store;
    const first = await store.rooms(feeds.user('bob'), { limit: 2 });
    t.same(first.rows.map(({ room }) => idOf(room)), ['d', 'c']);
    await feeds.forward(feeds.item(2, { bob: 1 }, { id: 'c', at: 200 }),
      feeds.item(2, { bob: 1 }, { id: 'd', at: 201 }));
    const second = await store.rooms(feeds.user('bob'),
      { limit: 2, ...(first.page === undefined ? {} : { page: first.page }) });
    t.same(second.rows.map(({ room }) => idOf(room)), ['b', 'a'], 'nothing twice, nothing lost');
    t.equal(second.page, undefined);
  });

  await withFeeds('rooms of one moment have an order too', async (t, feeds) => {
    for (const id of ['a', 'c', 'b']) {
      await feeds.forward(feeds.item(1, { bob: 1 }, { id, at: 100 }));
    }
    const whole = await listed(feeds, 'bob', { limit: 9 });
    t.same(whole.split(' ').sort(), ['a', 'b', 'c']);
    t.equal((await listed(feeds, 'bob', { limit: 1 })).replaceAll(' | ', ' '), whole);
  });

  await withFeeds('a list can be of unread or of large rooms alone', async (t, feeds) => {
    const { user } = { user: { bob: 1 } };
    await feeds.forward(feeds.item(1, user, { id: 'read', at: 1 }));
    await feeds.forward(feeds.item(1, user, { id: 'new', at: 2 }));
    await feeds.forward(feeds.item(2, user, { id: 'new', at: 3 }));
    await feeds.forward(feeds.item(1, user, { id: 'large', at: 4, large: true }));
    t.equal(await listed(feeds, 'bob', { limit: 1, unreadOnly: true }), 'large | new');
    t.equal(await listed(feeds, 'bob', { limit: 1, largeOnly: true }), 'large');
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'large new read');
  });

  await withFeeds('the room that was on top may go', async (t, feeds) => {
    for (const [n, id] of ['a', 'b', 'c'].entries()) {
      await feeds.forward(feeds.item(1, { bob: 1 }, { id, at: 100 + n }));
    }
    const gone = { kind: 'remove', subject: 'bob', at: 200 } as const;
    await feeds.forward(feeds.item(2, { bob: 1 }, { id: 'c', ...gone }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'b a');
    await feeds.forward(feeds.item(2, { bob: 1 }, { id: 'a', ...gone }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'b');
    await feeds.forward(feeds.item(2, { bob: 1 }, { id: 'b', ...gone }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), '');
    await feeds.forward(feeds.item(5, { bob: 5 }, { id: 'a', kind: 'add', subject: 'bob' }));
    t.equal(await listed(feeds, 'bob', { limit: 9 }), 'a');
  });

  await withFeeds('rows are answered in the order asked', async (t, feeds) => {
    await feeds.forward(feeds.item(1, { bob: 1 }, { id: 'a', at: 5 }));
    const { tenant } = feeds.under;
    const rows = await feeds.under.store.feeds.rows(feeds.user('bob'),
      [roomKey(tenant, 'x'), roomKey(tenant, 'a')]);
    t.same(rows, [undefined, {
      room: roomKey(tenant, 'a'), since: 1, seq: 1, lastAt: feeds.base + 5,
      lastMessage: 0, count: 0, read: 0, large: false,
    }]);
  });
}
