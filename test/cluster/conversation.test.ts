import t, { type Test } from 'tap';
import { presences, signals } from '../../src/cluster/redis/wire.js';
import { publicationHeader } from '../../src/cluster/keys.js';
import { decodeDeliveries } from '../../src/store/redis/publication.js';
import { holdConversation } from '../helpers/conversation.js';
import { eventually } from '../helpers/eventually.js';
import { monitor, type Monitor, type Ran } from '../helpers/monitor.js';
import { startRedises } from '../helpers/redis.js';
import { call, startServer, type RunningServer } from '../helpers/server.js';
import { openSocket, type TestSocket } from '../helpers/socket.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const redis = servers.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');
const node = (test: Test, name: string): Promise<RunningServer> =>
  startServer(test, ['--redis', redis, '--node', name, '--limit', 'callsPerSecond=0']);

async function monitors(test: Test): Promise<Monitor[]> {
  const both = await Promise.all(servers.map(monitor));
  test.teardown(() => both.forEach((one) => one.close()));
  return both;
}

/** What a node was told of whom: `F Simon` for an entry of Simon's feed. */
function toldOf(ran: readonly Ran[]): Map<string, Set<string>> {
  const told = new Map<string, Set<string>>();
  for (const { channel, body } of ran.flatMap(({ published }) => published)) {
    const head = publicationHeader.exec(body.toString('latin1'));
    const [, name = channel] = /^n:(.*)@/.exec(channel) ?? [];
    const rest = body.subarray(head?.[0].length ?? 0);
    const kind = head?.[1] ?? '?';
    const users = kind === 'F' ? decodeDeliveries(rest).flatMap((one) =>
      one.users.map(({ user }) => user))
      : kind === 'S' ? signals(rest).flatMap((one) => one.users)
        : kind === 'P' ? presences(rest).map(([user]) => user) : ['-'];
    const all = told.get(name) ?? new Set();
    told.set(name, all);
    // A node hears its own heartbeat, which is of nobody.
    if (kind !== 'B') for (const user of users) all.add(`${kind} ${user.replace(/^.*\0/, '')}`);
  }
  return told;
}

t.test('the conversation over two nodes, and no node hears of whom it does not hold', async (t) => {
  const [one, two] = await Promise.all([node(t, 'one'), node(t, 'two'), node(t, 'idle')]);
  const watching = await monitors(t);
  await holdConversation(t, { simon: one.url, fedir: two.url });
  await Promise.all(watching.map((shard) => shard.caughtUp()));
  const told = toldOf(watching.flatMap(({ ran }) => ran));
  t.strictSame([...told.get('one') ?? []].sort(), ['F Simon', 'P Fedir'],
    'Simon is there, and watches Fedir');
  t.strictSame([...told.get('two') ?? []].sort(), ['F Fedir']);
  t.strictSame([...told.get('idle') ?? []], [], 'whoever holds nobody hears nothing');
});

type Costs = Record<string, { calls: number; commands: number }>;

/** Commands of each script that one message after another costs, beside what nodes do anyway. */
async function costs(
  watching: readonly Monitor[], from: TestSocket, to: TestSocket, room: string, messages: number,
): Promise<Costs> {
  await Promise.all(watching.map((shard) => shard.caughtUp()));
  const begun = watching.map(({ ran }) => ran.length);
  const before = to.events('message.created').length;
  for (let i = 1; i <= messages; i++) {
    await from.call('message.send', { room, text: `${i}` });
    await eventually('it arrives', () => to.events('message.created').length === before + i);
  }
  await Promise.all(watching.map((shard) => shard.caughtUp()));
  const found: Costs = {};
  for (const [i, { ran }] of watching.entries()) {
    for (const { name, commands } of ran.slice(begun[i])) {
      const sum = found[name] ??= { calls: 0, commands: 0 };
      sum.calls += 1;
      sum.commands += commands;
    }
  }
  return found;
}

t.test('what a message costs depends on no number of nodes, users or rooms', async (t) => {
  const [one, two] = await Promise.all([node(t, 'three'), node(t, 'four')]);
  const [ann, bob] = await Promise.all([openSocket(one.url, 'Ann'), openSocket(two.url, 'Bob')]);
  await Promise.all([ann.call('feed.open'), bob.call('feed.open')]);
  const { room } = await call(one.url, 'Ann', 'room.create', { room: 'pair', members: ['Bob'] });
  const watching = await monitors(t);
  await costs(watching, ann, bob, String(room), 5);
  const few = await costs(watching, ann, bob, String(room), 20);
  const more = await Promise.all([node(t, 'five'), node(t, 'six')]);
  await Promise.all(Array.from({ length: 100 }, async (_, i) => {
    const socket = await openSocket(more[i % 2]?.url ?? '', `user-${i}`);
    await socket.call('feed.open');
    await ann.call('room.create', { room: `room-${i}`, members: ['Bob', `user-${i}`] });
  }));
  await costs(watching, ann, bob, String(room), 5);
  const many = await costs(watching, ann, bob, String(room), 20);
  for (const found of [few, many]) {
    t.equal(found['append']?.calls, 20);
    t.equal(found['forward']?.calls, 40, 'once on the shard of each of the two');
  }
  t.strictSame(many['forward'], few['forward']);
  // Settling is not compared: one call does it for several messages, and for other rooms too.
  // An outbox mark that is still there saves or costs a command: less than one a message. A cost
  // of each node would be two more a message, one of each room or user a hundred.
  const appended = (found: Costs): number => found['append']?.commands ?? 0;
  t.ok(Math.abs(appended(many) - appended(few)) <= 20, `${appended(few)} and ${appended(many)}`);
  t.comment(`a message costs ${JSON.stringify(few)} / 20`);
});
