import t from 'tap';
import { StoreError } from '../../../src/store/rooms.js';
import type { Store } from '../../../src/store/store.js';
import { createRig, num, type RigClient } from '../../helpers/chat-rig.js';

const shown = (client: RigClient): unknown[] => client.seen
  .filter(({ method }) => method !== 'unread.changed')
  .map(({ method, params }) => `${method} ${String(params['seq'])}`);

/** A store in which some calls to its rooms behave as the test says. */
function withRooms(store: Store, changes: Partial<Store['rooms']>): Store {
  const rooms = new Proxy(store.rooms, {
    get(target, name, self) {
      const changed: unknown = Reflect.get(changes, name, changes);
      const value: unknown = changed ?? Reflect.get(target, name, self);
      return typeof value === 'function' ? value.bind(changed === undefined ? target : changes)
        : value;
    },
  });
  return { ...store, rooms };
}

t.test('calls to one room from one connection take effect in the order of the calls',
  async (t) => {
    const rig = await createRig({ users: 'known' });
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    const results = await Promise.all([
      simon.call('room.create', { room: 'r' }),
      simon.call('message.send', { room: 'r', text: 'a' }),
      simon.call('message.edit', { room: 'r', seq: 2, text: 'b' }),
      simon.call('room.addMember', { room: 'r', user: 'Simon' }),
      simon.call('room.update', { room: 'r', title: 'T' }),
      simon.call('message.send', { room: 'r', text: 'c' }),
      simon.call('message.history', { room: 'r' }),
    ]);
    t.strictSame([0, 1, 2, 4, 5].map((index) => num(results[index], 'seq')), [1, 2, 3, 4, 5]);
    t.match(results[6], { messages: [{ seq: 2, text: 'b' }, { seq: 5, text: 'c' }] });
  });

t.test('two nodes that write to one room at once keep one order, told once to everybody',
  async (t) => {
    const rig = await createRig({ nodes: 2 });
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon', {}, 0);
    const fedir = await rig.connect('Fedir', {}, 1);
    await simon.call('feed.open');
    await fedir.call('feed.open');
    await simon.call('room.create', { room: 'r', members: ['Fedir'] });
    const calls: Promise<unknown>[] = [];
    for (let count = 0; count < 60; count += 1) {
      calls.push(simon.call('message.send', { room: 'r', text: `s${count}` }));
      calls.push(fedir.call('message.send', { room: 'r', text: `f${count}` }));
      if (count % 10 === 3) {
        calls.push(simon.call('room.addMember', { room: 'r', user: `u${count}` }));
        calls.push(fedir.call('room.addMember', { room: 'r', user: `v${count}` }));
      }
    }
    await Promise.all(calls);
    const head = num(await simon.call('room.get', { room: 'r' }), 'seq');
    t.equal(head, 1 + 120 + 12);
    for (const client of [simon, fedir]) {
      await client.until(() => client.seen.some(({ params }) => params['seq'] === head));
      const seqs = client.seen.filter(({ params }) => params['seq'] !== undefined)
        .map(({ params }) => params['seq']);
      t.strictSame(seqs, Array.from({ length: head }, (_, index) => index + 1));
    }
  });

t.test('a node that still believes in a membership that another ended neither shows nor takes',
  async (t) => {
    const rig = await createRig({ nodes: 2 });
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon', {}, 0);
    const fedir = await rig.connect('Fedir', {}, 1);
    await simon.call('room.create', { room: 'r', members: ['Fedir'] });
    await fedir.call('message.send', { room: 'r', text: 'in' });
    await simon.call('room.removeMember', { room: 'r', user: 'Fedir' });
    for (const [method, params] of [['message.send', { text: 'out' }], ['message.history', {}],
      ['message.typing', {}], ['message.read', { seq: 1 }]] as const) {
      t.match(await fedir.refusal(method, { room: 'r', ...params }), { code: 404 }, method);
    }
    await simon.call('room.addMember', { room: 'r', user: 'Fedir' });
    t.match(await fedir.call('message.send', { room: 'r', text: 'back' }), { seq: 5 });
  });

t.test('an event that another node delivers first waits for the answer of its call', async (t) => {
  let answer: (() => void) | undefined;
  const rig = await createRig({
    nodes: 2,
    wrap: (store) => withRooms(store, {
      async append(room, ops) {
        const results = await store.rooms.append(room, ops);
        const held = ops.some((op) => op.kind === 'message' && op.text === 'slow');
        if (held) await new Promise<void>((resolve) => { answer = resolve; });
        return results;
      },
    }),
  });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon', {}, 0);
  const desk = await rig.connect('Simon', {}, 0);
  const fedir = await rig.connect('Fedir', {}, 1);
  await simon.call('feed.open');
  await desk.call('feed.open');
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await simon.untilCount('room.created', 1);
  let answered = false;
  const sent = simon.call('message.send', { room: 'r', text: 'slow', key: 'k' })
    .then(() => { answered = true; });
  while (answer === undefined) await new Promise<void>((resolve) => { setImmediate(resolve); });
  await fedir.call('message.send', { room: 'r', text: 'after' });
  await desk.untilCount('message.created', 2);
  t.strictSame([simon.of('message.created').length, answered], [0, false],
    'the sender\'s other device has both, the sending connection waits');
  answer();
  await sent;
  t.strictSame(simon.of('message.created').length, 0);
  await simon.untilCount('message.created', 2);
  t.strictSame(shown(simon), ['room.created 1', 'message.created 2', 'message.created 3']);
});

t.test('a node that died before forwarding delays events, and loses none', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  await fedir.call('feed.open');
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  await fedir.untilCount('room.created', 1);
  // As another node would write, that dies at once: nothing of it is forwarded.
  const room = 'default\0r' as never;
  const base = (seq: number) => ({
    by: 'Simon', at: 0, call: { key: `x${seq}`, digest: '', given: false }, expect: 1,
  });
  const { rooms } = rig.chat.store;
  await rig.quiet();
  await rooms.append(room, [
    { ...base(2), kind: 'message', text: 'orphan' }, { ...base(3), kind: 'remove', user: 'Fedir' },
  ]);
  const head = await rooms.head(room);
  await rooms.append(room, [{
    ...base(4), expect: head?.version ?? 0, kind: 'message', text: 'not for Fedir',
  }]);
  // What this node writes next must not pass over them (trap 2).
  await simon.call('message.send', { room: 'r', text: 'next' });
  await fedir.untilCount('room.memberRemoved', 1);
  await rig.quiet();
  t.strictSame(shown(fedir), ['room.created 1', 'message.created 2', 'room.memberRemoved 3']);
  await rooms.append(room, [{
    ...base(6), expect: head?.version ?? 0, kind: 'message', text: 'swept',
  }]);
  await simon.call('feed.open');
  t.equal(await rig.core.forwarder.sweep(0), 1);
  await simon.untilCount('message.created', 1);
  t.match(simon.of('message.created')[0]?.params, { seq: 6, text: 'swept' });
  t.equal(await rig.core.forwarder.sweep(0), 0, 'the mark is gone');
});

t.test('a forwarding that fails is tried again by the sweeper, with back-off', async (t) => {
  let failing = 0;
  const rig = await createRig({
    wrap: (store) => ({
      ...store,
      feeds: new Proxy(store.feeds, {
        get(target, name, self) {
          if (name === 'forward' && failing > 0) {
            return () => {
              failing -= 1;
              return Promise.reject(new StoreError('unknown', 'shard_unreachable', 100));
            };
          }
          const value: unknown = Reflect.get(target, name, self);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    }),
  });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  await simon.call('feed.open');
  await simon.call('room.create', { room: 'r' });
  await simon.untilCount('room.created', 1);
  failing = 2;
  t.match(await simon.call('message.send', { room: 'r', text: 'a' }), { seq: 2 },
    'acknowledged: it is durable');
  await rig.quiet();
  t.match(await simon.call('room.list'), { rooms: [{ room: 'r' }] }, 'nobody waits for ever');
  t.equal(await rig.core.forwarder.sweep(0), 0, 'not before its time');
  rig.clock.advance(250);
  t.equal(await rig.core.forwarder.sweep(0), 1);
  rig.clock.advance(500);
  t.equal(await rig.core.forwarder.sweep(0), 1);
  await simon.untilCount('message.created', 1);
  t.equal(await rig.core.forwarder.sweep(0), 0);
});

t.test('a store that refuses is busy, and one that may have written is unknown', async (t) => {
  let fault: StoreError | undefined;
  const rig = await createRig({
    wrap: (store) => withRooms(store, {
      append: (room, ops) => (fault === undefined
        ? store.rooms.append(room, ops) : Promise.reject(fault)),
    }),
  });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  await simon.call('room.create', { room: 'r' });
  fault = new StoreError('refused', 'storage_full', 5_000);
  t.match(await simon.refusal('message.send', { room: 'r', text: 'a' }),
    { code: -32009, reason: 'storage_full' });
  fault = new StoreError('unknown', 'shard_unreachable', 100);
  t.match(await simon.refusal('message.send', { room: 'r', text: 'a' }),
    { code: -32002, reason: 'shard_unreachable' });
  fault = undefined;
  t.match(await simon.call('message.send', { room: 'r', text: 'a' }), { seq: 2 });
});

t.test('a feed in which something did not arrive is read again from the store', async (t) => {
  const lost = new Set([3, 4, 7]);
  const rig = await createRig({ loses: ({ item }) => lost.has(item.seq) });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  await simon.call('feed.open');
  await simon.call('room.create', { room: 'r' });
  for (let count = 2; count <= 7; count += 1) {
    await simon.call('message.send', { room: 'r', text: `m${count}` });
    await rig.quiet();
  }
  await simon.untilCount('message.created', 5);
  t.strictSame(simon.of('message.created').map(({ params }) => params['seq']), [2, 3, 4, 5, 6]);
  rig.core.busHandler.gap();
  await simon.untilCount('message.created', 6);
  t.match(simon.of('message.created').at(-1)?.params, { seq: 7 });
});
