import fc from 'fast-check';
import t from 'tap';
import { roomKey } from '../../../src/base/ids.js';
import { createRig, str, type Rig, type RigClient, type Seen } from '../../helpers/chat-rig.js';

/** What an event is, without what is state by nature: texts edited later, unread, receipts. */
const identity = ({ method, params }: Seen): string =>
  [method, params['user'], params['target'], params['key']].join(' ');

/** Where it stands: never different, however it is read. */
const place = ({ params }: Seen): string =>
  [params['room'], params['epoch'], params['seq'], params['cursor']].join(' ');

const isEntry = ({ method, params }: Seen): boolean =>
  params['cursor'] !== undefined && method !== 'message.receipt' && method !== 'unread.changed';

/** The same events: of a room that was deleted since, what they said is gone with its log. */
function shown(events: readonly Seen[], deleted: ReadonlySet<unknown>): string[] {
  return events.filter(isEntry).map((event) => (deleted.has(event.params['epoch'])
    && event.method !== 'room.deleted' ? place(event) : `${place(event)} ${identity(event)}`));
}

type Op =
  | { readonly do: 'send' | 'leave' | 'delete'; readonly who: number; readonly room: number }
  | { readonly do: 'add' | 'remove'; readonly who: number; readonly room: number;
    readonly whom: number }
  | { readonly do: 'edit' | 'erase' | 'read'; readonly who: number; readonly room: number;
    readonly seq: number }
  | { readonly do: 'drop' };

const users = ['Ann', 'Bob', 'Cid'];
const rooms = ['one', 'two'];
const who = fc.nat(users.length - 1);
const room = fc.nat(rooms.length - 1);
const seq = fc.integer({ min: 1, max: 12 });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), who, room }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constantFrom('add' as const, 'remove' as const), who, room, whom: who,
  }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constantFrom('edit' as const, 'erase' as const, 'read' as const), who, room, seq,
  }) },
  { weight: 1, arbitrary: fc.record({
    do: fc.constantFrom('leave' as const, 'delete' as const), who, room,
  }) },
  { weight: 3, arbitrary: fc.constant({ do: 'drop' as const }) },
);

function call(op: Exclude<Op, { do: 'drop' }>, count: number): [string, object] {
  const room = rooms[op.room];
  switch (op.do) {
    case 'send':
      return ['message.send', { room, text: `m${count}`, key: `k${count}` }];
    case 'leave':
      return ['room.leave', { room }];
    case 'delete':
      return ['room.delete', { room }];
    case 'add':
      return ['room.addMember', { room, user: users[op.whom] }];
    case 'remove':
      return ['room.removeMember', { room, user: users[op.whom] }];
    case 'edit':
      return ['message.edit', { room, seq: op.seq, text: `e${count}` }];
    case 'erase':
      return ['message.delete', { room, seq: op.seq }];
    case 'read':
      return ['message.read', { room, seq: op.seq }];
  }
}

/** Epochs of rooms that are there no more, whoever was told of their end. */
async function goneEpochs(rig: Rig, events: readonly Seen[]): Promise<Set<unknown>> {
  const heads = await rig.chat.store.rooms.heads(rooms.map((id) => roomKey('default', id)));
  const kept = new Set<unknown>(heads.map((head) => head?.epoch));
  return new Set(events.map(({ params }) => params['epoch']).filter((epoch) => !kept.has(epoch)));
}

/** Opens Bob's feed again where the connection before was, as a client does. */
async function reopen(rig: Rig, before: RigClient | undefined, since: string | undefined) {
  before?.session.disconnect();
  const client = await rig.connect('Bob');
  const opened = await client.call('feed.open', since === undefined ? {} : { since });
  return { client, cursor: str(opened, 'cursor') };
}

t.test('a feed resumed at any places is the feed that was never interrupted', async (t) => {
  await fc.assert(fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async (ops) => {
    const rig = await createRig();
    try {
      const callers = await Promise.all(users.map((user) => rig.connect(user, { role: 'admin' })));
      const steady = await rig.connect('Bob');
      await steady.call('feed.open');
      let { client, cursor } = await reopen(rig, undefined, undefined);
      const resumed: Seen[] = [];
      const take = (): void => {
        resumed.push(...client.seen);
        const last = client.seen.findLast(({ params }) => params['cursor'] !== undefined);
        if (last !== undefined) cursor = str(last.params, 'cursor');
      };
      const [ann, bob] = callers;
      await ann?.call('room.create', { room: 'one', members: ['Bob'] });
      await bob?.call('room.create', { room: 'two', members: ['Ann'] });
      let count = 0;
      for (const one of ops) {
        count += 1;
        if (one.do === 'drop') {
          take();
          ({ client, cursor } = await reopen(rig, client, cursor));
          continue;
        }
        const caller = callers[one.who];
        // Refusals are part of the story: not everybody may do everything.
        await caller?.call(...call(one, count)).catch(() => undefined);
      }
      await rig.quiet();
      const steadyPlaces = steady.seen.filter(isEntry).map(place);
      const last = steadyPlaces.at(-1);
      await client.until(() => last === undefined
        || [...resumed, ...client.seen].some((event) => place(event) === last));
      take();
      const deleted = await goneEpochs(rig, steady.seen);
      t.strictSame(shown(resumed, deleted), shown(steady.seen, deleted));
      t.strictSame(shown(await pull(rig), deleted), shown(steady.seen, deleted),
        'pulling gives the same');
    } finally {
      await rig.close();
    }
  }), { numRuns: 40 });
});

/** The whole feed by feed.read, in small pages. */
async function pull(rig: Rig): Promise<Seen[]> {
  const client = await rig.connect('Bob');
  const opened = await client.call('feed.read');
  let cursor = `${str(opened, 'cursor').split('.')[0]}.0`;
  const pulled: Seen[] = [];
  for (;;) {
    const page = await client.call('feed.read', { since: cursor, limit: 3 }) as {
      events: Seen[]; cursor: string; more: boolean; recovered: boolean;
    };
    if (!page.recovered) throw new Error('a feed that was never trimmed was not recovered');
    pulled.push(...page.events);
    cursor = page.cursor;
    if (!page.more) return pulled;
  }
}

t.test('a cursor that leads nowhere is said to, with the state to start from', async (t) => {
  const rig = await createRig({ limits: { feedEntries: 5 } });
  t.teardown(() => rig.close());
  const simon = await rig.connect('Simon');
  const fedir = await rig.connect('Fedir');
  const { cursor } = await fedir.call('feed.open') as { cursor: string };
  await simon.call('room.create', { room: 'r', members: ['Fedir'] });
  for (let count = 0; count < 300; count += 1) {
    await simon.call('message.send', { room: 'r', text: `${count}` });
  }
  await fedir.untilCount('message.created', 300);
  const [epoch] = cursor.split('.');
  const other = str(await simon.call('feed.open'), 'cursor');
  for (const since of [cursor, `${epoch}.zzzz`, other, 'x.1']) {
    const late = await rig.connect('Fedir');
    const opened = await late.call('feed.open', { since });
    t.match(opened, { recovered: false, cursor: /./, state: { rooms: [{ room: 'r' }] } }, since);
    t.match(await late.call('feed.read', { since }), { recovered: false, events: [] });
    await simon.call('message.send', { room: 'r', text: `after ${since}` });
    await late.untilCount('message.created', 1);
    t.equal(late.of('message.created')[0]?.params['text'], `after ${since}`,
      'nothing partial is presented as whole');
    late.session.disconnect();
  }
  for (const since of ['', 'nodot', 'a.B', `a.${'1'.repeat(600)}`, 'ü.1']) {
    t.match(await fedir.refusal('feed.open', { since }), { code: -32602, reason: 'malformed' });
    t.match(await fedir.refusal('feed.read', { since }), { code: -32602, reason: 'malformed' });
  }
});

t.test('a long poll answers when something happens, and empty when its time is over',
  async (t) => {
    const rig = await createRig();
    t.teardown(() => rig.close());
    const simon = await rig.connect('Simon');
    await simon.call('room.create', { room: 'r', members: ['Fedir'] });
    await rig.quiet();
    const fedir = await rig.connect('Fedir');
    const since = str(await fedir.call('feed.read'), 'cursor');
    const poll = fedir.call('feed.read', { since, waitMs: 20_000 });
    await fedir.call('server.info');
    await simon.call('message.send', { room: 'r', text: 'Hi' });
    t.match(await poll, { events: [{ method: 'message.created' }, { method: 'unread.changed' }] });
    const idle = fedir.call('feed.read', { since: str(await poll, 'cursor'), waitMs: 2_000 });
    let done = false;
    void idle.finally(() => { done = true; });
    while (!done) {
      rig.clock.advance(500);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    t.match(await idle, { events: [], more: false, recovered: true });
    t.match(await fedir.refusal('feed.read', { since, waitMs: 25_001 }), { code: -32602 });
  });
