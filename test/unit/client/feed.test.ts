import t from 'tap';
import { FeedTracker } from '../../../src/client/feed.js';

const event = (seq: number, cursor?: string, room = 'r', epoch = 'e') =>
  ({ room, seq, epoch, ...(cursor === undefined ? {} : { cursor }) });

t.test('an event that is replayed is known by its place in the room', async (t) => {
  const feed = new FeedTracker();
  t.equal(feed.accept('message.created', event(4, 'c1')), 'deliver');
  t.equal(feed.accept('message.created', event(6, 'c2')), 'deliver', 'the feed skips seqs');
  t.equal(feed.accept('message.created', event(4, 'c1')), 'duplicate');
  t.same(feed.position, { cursor: 'c2' }, 'a repetition moves nothing back');
  t.equal(feed.accept('message.created', event(1, 'c3', 'r', 'e2')), 'deliver', 'another epoch');
});

t.test('an event without a seq is known by its cursor', async (t) => {
  const feed = new FeedTracker({ cursor: 'c0' });
  t.equal(feed.accept('user.updated', { cursor: 'c1' }), 'deliver');
  t.equal(feed.accept('user.updated', { cursor: 'c1' }), 'duplicate');
  t.equal(feed.accept('presence.changed', { user: 'u' }), 'deliver');
  t.equal(feed.accept('presence.changed', { user: 'u' }), 'deliver', 'state may come again');
  t.equal(feed.cursor, 'c1');
});

t.test('a missing seq of a large room is noticed, and read before what follows (G5)', async (t) => {
  const feed = new FeedTracker();
  t.equal(feed.accept('message.created', event(7)), 'deliver');
  t.equal(feed.accept('message.created', event(9)), 'gap');
  t.same(feed.rooms, { r: { seq: 7, epoch: 'e' } });
  for (const seq of [8, 9, 10]) t.equal(feed.accept('message.created', event(seq)), 'deliver');
  t.equal(feed.accept('message.created', event(9)), 'duplicate');
});

t.test('a room that becomes large is followed from there on', async (t) => {
  const feed = new FeedTracker();
  feed.accept('room.updated', { ...event(600, 'c1'), large: true });
  t.same(feed.position, { cursor: 'c1', rooms: { r: { seq: 600, epoch: 'e' } } });
});

t.test('heads of large rooms tell what was missed, and what is lost', async (t) => {
  const feed = new FeedTracker({ rooms: { lost: { seq: 5, epoch: 'e' } } });
  feed.accept('room.memberAdded', event(3, 'c1', 'joined'));
  t.same(feed.heads({
    joined: { seq: 8, epoch: 'e' },
    unknown: { seq: 2, epoch: 'e' },
    lost: { seq: 90, epoch: 'f', recovered: false },
  }), { missed: ['joined'], lost: ['lost'] });
  t.same(feed.rooms, {
    joined: { seq: 3, epoch: 'e' }, unknown: { seq: 2, epoch: 'e' }, lost: { seq: 90, epoch: 'f' },
  });
});

t.test('a reset begins anew, and keeps what is known of rooms', async (t) => {
  const feed = new FeedTracker({ cursor: 'old' });
  feed.opened('ignored: the position was given');
  t.equal(feed.cursor, 'old');
  feed.accept('message.created', event(4, 'c1'));
  feed.reset('fresh');
  t.equal(feed.cursor, 'fresh');
  t.equal(feed.accept('message.created', event(4, 'c2')), 'duplicate');
  t.equal(feed.accept('room.deleted', event(5, 'c3')), 'deliver');
  t.equal(feed.accept('room.created', event(1, 'c4', 'r', 'e')), 'deliver', 'forgotten with it');
});
