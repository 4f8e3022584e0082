import t from 'tap';
import { createRig, num, str, type RigClient } from '../../helpers/chat-rig.js';

const limits = { feedFanoutLimit: 3 };

const messages = (client: RigClient): unknown[] =>
  client.of('message.created').map(({ params }) => [params['seq'], params['text']]);

t.test('a room that outgrows the feeds goes on by its own log, with nothing lost between',
  async (t) => {
    const rig = await createRig({ limits });
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    const fedir = await rig.connect('Fedir');
    const { cursor } = await fedir.call('feed.open') as { cursor: string };
    await simon.call('feed.open');
    await simon.call('room.create', { room: 'r', members: ['Fedir', 'Petro'] });
    await simon.call('message.send', { room: 'r', text: 'small' });
    await Promise.all([
      simon.call('room.addMember', { room: 'r', user: 'Ann' }),
      simon.call('message.send', { room: 'r', text: 'large 1', key: 'k1' }),
      simon.call('message.send', { room: 'r', text: 'large 2', key: 'k2' }),
    ]);
    await fedir.untilCount('message.created', 3);
    t.strictSame(messages(fedir), [[2, 'small'], [5, 'large 1'], [6, 'large 2']]);
    const [updated] = fedir.of('room.updated');
    t.match(updated?.params, { room: 'r', seq: 4, large: true, cursor: /./ });
    const large = fedir.of('message.created').at(-1)?.params;
    t.notOk(large?.['cursor'], 'one frame for everybody carries no cursor');
    t.notOk(large?.['key']);
    await simon.untilCount('message.created', 3);
    t.strictSame(simon.of('message.created').map(({ params }) => params['key']),
      [undefined, 'k1', 'k2'], 'its sender is shown the key all the same');
    t.match(await simon.call('room.get', { room: 'r' }), { large: true, members: 4 });
    await rig.quiet();
    t.match(await fedir.call('room.list'), {
      rooms: [{ room: 'r', unread: 3, lastMessage: { text: 'large 2' } }],
    });
    t.match(await fedir.call('message.read', { room: 'r', seq: 5 }), { unread: 1 });
    await rig.quiet();
    t.match(await fedir.call('room.list'), { rooms: [{ room: 'r', unread: 1 }] });

    const back = await rig.connect('Fedir');
    const epoch = str(large, 'epoch');
    const opened = await back.call('feed.open', { since: cursor, rooms: { r: { seq: 4, epoch } } });
    t.match(opened, { recovered: true, rooms: { r: { seq: 4, epoch, recovered: true } } });
    await back.untilCount('message.created', 3);
    t.strictSame(messages(back).sort(), [[2, 'small'], [5, 'large 1'], [6, 'large 2']]);
    const heads = await back.call('feed.open', { since: cursor });
    t.match(heads, { rooms: { r: { seq: 6, epoch } } }, 'heads of what was not named');
    const pulled = await back.call('feed.read', {
      since: cursor, rooms: { r: { seq: 5, epoch } },
    }) as { events: { method: string; params: { text?: string } }[] };
    t.strictSame(pulled.events.flatMap(({ params }) => params.text ?? []), ['small', 'large 2']);
    t.match(await back.call('feed.open', { rooms: { r: { seq: 4, epoch: 'other' } } }),
      { rooms: { r: { seq: 6, recovered: false } } });
  });

t.test('who is added to a large room hears it from then on, and who is removed no longer',
  async (t) => {
    const rig = await createRig({ limits });
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    const late = await rig.connect('Late');
    await late.call('feed.open');
    await simon.call('room.create', { room: 'r', members: ['A', 'B', 'C'] });
    await simon.call('message.send', { room: 'r', text: 'before' });
    await simon.call('room.addMember', { room: 'r', user: 'Late' });
    await simon.call('message.send', { room: 'r', text: 'heard' });
    await late.untilCount('message.created', 1);
    await Promise.all([
      simon.call('room.removeMember', { room: 'r', user: 'Late' }),
      simon.call('message.send', { room: 'r', text: 'unheard' }),
    ]);
    await late.untilCount('room.memberRemoved', 1);
    await simon.call('room.addMember', { room: 'r', user: 'Late' });
    await simon.call('message.send', { room: 'r', text: 'again' });
    await late.untilCount('message.created', 2);
    t.strictSame(late.of('message.created').map(({ params }) => params['text']),
      ['heard', 'again']);
    t.equal(late.of('room.memberRemoved').length, 1);
    await simon.call('room.delete', { room: 'r' });
    await late.untilCount('room.deleted', 1);
    await rig.quiet();
    t.equal(late.of('room.deleted').length, 1, 'told once');
    t.match(await late.call('room.list'), { rooms: [] });
  });

t.test('a channel is heard without membership, and written by its owner', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fan = await rig.connect('Fan');
  await simon.call('room.create', { room: 'news', kind: 'channel' });
  await simon.call('message.send', { room: 'news', text: 'one' });
  const sub = await fan.call('room.subscribe', { room: 'news' });
  t.match(sub, { seq: 2, recovered: true });
  await simon.call('message.send', { room: 'news', text: 'two' });
  await fan.untilCount('message.created', 1);
  t.match(fan.of('message.created')[0]?.params, { room: 'news', seq: 3, text: 'two' });
  t.match(await fan.refusal('message.send', { room: 'news', text: 'x' }), { code: 403 });
  t.match(await fan.call('message.history', { room: 'news' }), { messages: { length: 2 } });
  t.match(await fan.refusal('room.members', { room: 'news' }), { code: 403 });
  await fan.call('room.unsubscribe', { room: 'news' });
  await simon.call('message.send', { room: 'news', text: 'three' });
  await rig.quiet();
  t.equal(fan.of('message.created').length, 1);
  const since = { seq: num(sub, 'seq'), epoch: str(sub, 'epoch') };
  t.match(await fan.call('room.subscribe', { room: 'news', since }), { seq: 2, recovered: true });
  await fan.untilCount('message.created', 3);
  t.strictSame(fan.of('message.created').slice(1).map(({ params }) => params['text']),
    ['two', 'three'], 'what was missed comes first');
  t.match(await fan.call('room.subscribe', { room: 'news', since: { seq: 2, epoch: 'no' } }),
    { seq: 4, recovered: false });
  await simon.call('room.create', { room: 'group' });
  t.match(await simon.refusal('room.subscribe', { room: 'group' }), { code: 403 });
});

t.test('a connection listens to so many channels and no more', async (t) => {
  const rig = await createRig({ limits: { maxRoomSubscriptions: 2 } });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  for (const room of ['a', 'b', 'c']) {
    await simon.call('room.create', { room, kind: 'channel' });
  }
  await simon.call('room.subscribe', { room: 'a' });
  await simon.call('room.subscribe', { room: 'b' });
  t.match(await simon.refusal('room.subscribe', { room: 'c' }),
    { code: -32006, reason: 'too_many' });
  await simon.call('room.unsubscribe', { room: 'a' });
  await simon.call('room.subscribe', { room: 'c' });
});

t.test('the dialect of subscriptions carries the same feed and the same channels', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  await simon.call('room.create', { room: 'news', kind: 'channel' });
  const feed = await fedir.call('feed_subscribe', ['user', {}]);
  const news = await fedir.call('feed_subscribe', ['room', { room: 'news' }]);
  t.type(feed, 'string');
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await simon.call('message.send', { room: 'news', text: 'extra' });
  await fedir.until(() => fedir.seen.some(({ params }) => params['subscription'] === feed)
    && fedir.seen.some(({ params }) => params['subscription'] === news));
  const of = (id: unknown) => fedir.seen.filter(({ params }) => params['subscription'] === id);
  t.match(of(feed)[0], {
    method: 'feed_subscription',
    params: { result: { event: 'room.created', room: 'r', cursor: /./ } },
  });
  t.match(of(news)[0]?.params, { result: { event: 'message.created', text: 'extra' } });
  t.equal(await fedir.call('feed_unsubscribe', [feed]), true);
  t.equal(await fedir.call('feed_unsubscribe', [news]), true);
  t.match(await fedir.refusal('feed_unsubscribe', [feed]), { code: 404 });
  const before = fedir.seen.length;
  await simon.call('message.send', { room: 'r', text: 'Hi' });
  await simon.call('message.send', { room: 'news', text: 'more' });
  await rig.quiet();
  t.equal(fedir.seen.length, before);
  const lost = await fedir.call('feed_subscribe', ['user', { since: 'x.1' }]);
  await fedir.until(() => of(lost).length > 0);
  t.match(of(lost)[0]?.params, { result: { event: 'feed.reset', cursor: /./, state: {} } });
  t.match(await fedir.refusal('feed_subscribe', ['room', { room: 'nowhere' }]), { code: 404 });
});

t.test('a channel asked for again goes on without a gap, whoever else listens to it', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fan = await rig.connect('Fan');
  const { epoch } = await simon.call('room.create', { room: 'news', kind: 'channel' }) as {
    epoch: string;
  };
  await fan.call('room.subscribe', { room: 'news' });
  const calls: Promise<unknown>[] = [];
  for (let count = 0; count < 20; count += 1) {
    calls.push(simon.call('message.send', { room: 'news', text: `${count}` }));
    if (count % 5 === 0) calls.push(fan.call('room.subscribe', { room: 'news' }));
    if (count % 5 === 2) calls.push(fan.call('feed.open', {}));
  }
  await Promise.all(calls);
  await fan.untilCount('message.created', 20);
  t.strictSame(fan.of('message.created').map(({ params }) => params['seq']),
    Array.from({ length: 20 }, (_, index) => index + 2));
  await fan.call('room.subscribe', { room: 'news', since: { seq: 20, epoch } });
  await fan.untilCount('message.created', 21);
  t.equal(fan.of('message.created').at(-1)?.params['seq'], 21, 'from where it was asked for');
});
