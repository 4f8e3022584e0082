import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { userKey } from '../../../src/base/ids.js';
import { PresenceWatches } from '../../../src/chat/presence.js';
import { LocalDirectory } from '../../../src/cluster/local/directory.js';
import { RecordingSession } from '../../helpers/session.js';
import { directoryUsers, MapUsers } from '../../helpers/users.js';

const [fedir, petro] = [userKey('default', 'Fedir'), userKey('default', 'Petro')];
const everybody = (): boolean => true;
const atOnce = (run: () => void): void => run();

function made(maxPerSession = 10) {
  const clock = new ManualClock();
  const watches: PresenceWatches = new PresenceWatches({
    get directory() { return directory; }, clock, maxPerSession,
    failed: (error) => { throw error; },
  });
  const directory: LocalDirectory = new LocalDirectory({
    users: directoryUsers(new MapUsers()), clock, graceMs: 3_000, maxConnectionsPerUser: 9,
    changed: (user, presence) => watches.changed(user, presence),
    failed: (error) => { throw error; },
  });
  const connect = (user = fedir): Promise<unknown> =>
    directory.connect({ user, session: 's', issuedAt: 1 });
  return { clock, watches, directory, connect };
}

t.test('a watch answers the present state, then each real change once', async (t) => {
  const { watches, directory, connect, clock } = made();
  const session = new RecordingSession();
  const answer = await watches.subscribe(session, [fedir, petro], everybody, atOnce);
  const never = { online: false, devices: 0 };
  t.strictSame(answer, { Fedir: never, Petro: never });
  await connect();
  await directory.disconnect(fedir, 's', 'logout');
  const at = clock.now();
  t.strictSame(session.sent, [
    { method: 'presence.changed', params: { at, user: 'Fedir', online: true } },
    { method: 'presence.changed', params: { at, user: 'Fedir', online: false, lastSeen: at } },
  ]);
});

t.test('watching twice tells once', async (t) => {
  const { watches, connect } = made();
  const session = new RecordingSession();
  await watches.subscribe(session, [fedir, fedir], everybody, atOnce);
  await watches.subscribe(session, [fedir], everybody, atOnce);
  await connect();
  t.equal(session.sent.length, 1);
});

t.test('a change never overtakes the answer that it changes', async (t) => {
  const { watches, connect } = made();
  const session = new RecordingSession();
  let answered = (): void => undefined;
  const held = await watches.subscribe(session, [fedir], everybody, (run) => { answered = run; });
  t.equal(held['Fedir']?.online, false);
  await connect();
  t.equal(session.sent.length, 0);
  answered();
  t.equal(session.sent.length, 1);
});

t.test('whom the caller may not see looks like one never seen, and is not watched', async (t) => {
  const { watches, connect } = made();
  await connect();
  const session = new RecordingSession();
  const blind = (): boolean => false;
  const never = { Fedir: { online: false, devices: 0 } };
  t.strictSame(await watches.query([fedir], blind), never);
  t.strictSame(await watches.subscribe(session, [fedir], blind, atOnce), never);
  t.equal(watches.size, 0);
});

t.test('one watch too many is refused whole, by the name of its limit', async (t) => {
  const { watches, connect } = made(1);
  const session = new RecordingSession();
  const refused = await watches.subscribe(session, [fedir, petro], everybody, atOnce)
    .catch((error: unknown) => error);
  t.match(refused, { code: -32006, data: { limit: 'maxPresenceSubscriptions' } });
  t.equal(watches.size, 0);
  await connect();
  t.equal(session.sent.length, 0);
  await watches.subscribe(session, [fedir], everybody, atOnce);
  await watches.subscribe(session, [fedir], everybody, atOnce);
  t.equal(watches.size, 1);
});

t.test('unsubscribing and the end of a session end the telling', async (t) => {
  const { watches, connect, directory } = made();
  const [one, two] = [new RecordingSession(), new RecordingSession()];
  await watches.subscribe(one, [fedir], everybody, atOnce);
  await watches.subscribe(two, [fedir], everybody, atOnce);
  watches.unsubscribe(one, [fedir]);
  await connect();
  t.strictSame([one.sent.length, two.sent.length], [0, 1]);
  watches.end(two);
  await directory.disconnect(fedir, 's', 'logout');
  t.strictSame([one.sent.length, two.sent.length], [0, 1]);
  t.equal(watches.size, 0);
});

t.test('a user may be called __proto__', async (t) => {
  const { watches, connect } = made();
  const odd = userKey('default', '__proto__');
  await connect(odd);
  const answer = await watches.query([odd], everybody);
  t.equal(Object.hasOwn(answer, '__proto__'), true);
  t.equal(Reflect.get(answer, '__proto__').online, true);
});
