import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { userKey, type UserKey } from '../../../src/base/ids.js';
import { createLogger } from '../../../src/base/log.js';
import { blankProfile } from '../../../src/chat/admission.js';
import { ChatPeople } from '../../../src/chat/people.js';
import { LocalDirectory } from '../../../src/cluster/local/directory.js';
import { closeCode } from '../../../src/rpc/close.js';
import { RpcError } from '../../../src/rpc/errors.js';
import type { Identity } from '../../../src/rpc/identity.js';
import type { Session } from '../../../src/rpc/session.js';
import { eventually } from '../../helpers/eventually.js';
import { identityOf, RecordingSession } from '../../helpers/session.js';
import { directoryUsers, MapUsers } from '../../helpers/users.js';

const simon = userKey('default', 'Simon');

/** The sessions that are attached, as the hub would hold them. */
class Attached {
  readonly users = new Map<Session, UserKey>();
  attach = (session: Session, user: UserKey): void => { this.users.set(session, user); };
  detach = (session: Session): void => { this.users.delete(session); };
  sessionsOf = (user: UserKey): Session[] =>
    [...this.users].filter(([, u]) => u === user).map(([session]) => session);
  sessions = (): Iterable<[Session, UserKey]> => this.users;
}

async function made() {
  const clock = new ManualClock();
  const users = new MapUsers();
  const hub = new Attached();
  const ended: Session[] = [];
  const presence: boolean[] = [];
  const directory = new LocalDirectory({
    users: directoryUsers(users), clock, graceMs: 3_000, maxConnectionsPerUser: 2,
    changed: (_user, { online }) => { presence.push(online); },
    failed: (error) => { throw error; },
  });
  const people = new ChatPeople({
    users, directory, hub, clock, log: createLogger({ format: 'silent' }),
    endWatches: (session) => { ended.push(session); },
  });
  await directory.watch([simon]);
  await people.start();
  return { clock, users, hub, ended, presence, directory, people };
}

const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(() => undefined, (e: unknown) => e);
  return error instanceof RpcError ? `${error.code} ${error.data.reason}` : String(error);
};

/** Refused at once or later: either way a promise that rejects. */
const admitted = async (people: ChatPeople, identity: Identity): Promise<Identity> =>
  people.admit(identity);

t.test('whoever was admitted once is admitted at once, without a reading', async (t) => {
  const { people, users } = await made();
  const identity = identityOf('Simon', { tokenId: 'j' });
  users.profiles.set(simon, blankProfile('Simon'));
  t.ok(people.admit(identity) instanceof Promise, 'the first call reads');
  await people.admit(identity);
  const { reads } = users;
  t.equal(people.admit(identity), identity);
  t.equal(users.reads, reads);
});

t.test('role and groups of the store win over the token\'s; one only seen has none', async (t) => {
  const { people, users } = await made();
  users.profiles.set(simon, { ...blankProfile('Simon'), lastSeen: 5 });
  t.match(await people.admit(identityOf('Simon', { role: 'admin' })), { role: 'admin' });
  const ruled = { ...blankProfile('Petro'), role: 'user', groups: ['a'], name: 'P' };
  users.profiles.set(userKey('default', 'Petro'), ruled);
  t.match(await people.admit(identityOf('Petro', { role: 'admin', groups: ['b'] })),
    { user: 'Petro', role: 'user', groups: ['a'], name: 'P' });
});

t.test('blocked, inactive and revoked are not admitted', async (t) => {
  const { people, users } = await made();
  users.profiles.set(simon, { ...blankProfile('Simon'), blocked: true });
  users.profiles.set(userKey('default', 'Petro'), { ...blankProfile('Petro'), active: false });
  await users.revoke('default', { user: 'Fedir' }, 1_650_000_000_000, 0, false);
  await users.revoke('default', { tokenId: 'stolen' }, 1, 1, false);
  const admit = (user: string, more = {}): Promise<string> =>
    reasonOf(admitted(people, identityOf(user, more)));
  t.equal(await admit('Simon'), '403 blocked');
  t.equal(await admit('Petro'), '403 inactive');
  t.equal(await admit('Fedir'), '401 revoked');
  t.equal(await admit('Fedir', { issuedAt: 0 }), '401 revoked', 'no iat counts as 0');
  t.equal(await admit('Maria', { tokenId: 'stolen' }), '401 revoked');
  t.match(await people.admit(identityOf('Fedir', { issuedAt: 1_650_000_000_000 })),
    { user: 'Fedir' }, 'a later token is good');
});

t.test('a revocation by another node closes sockets at the next poll (G11)', async (t) => {
  const { people, users, clock, hub, presence } = await made();
  const session = new RecordingSession();
  await people.signIn(session, identityOf('Simon'));
  await people.admit(identityOf('Simon'));
  await users.revoke('default', { user: 'Simon' }, clock.now(), 0, false);
  clock.advance(500);
  await eventually('the socket is closed', () => session.closed);
  t.strictSame(session.closed, { code: closeCode.forbidden, reason: 'revoked' });
  t.equal(hub.users.size, 0);
  t.strictSame(presence, [true, false], 'offline without a grace');
  t.equal(await reasonOf(admitted(people, identityOf('Simon'))), '401 revoked');
});

t.test('one of ours has taken effect when it resolves', async (t) => {
  const { people } = await made();
  const [one, two] = [new RecordingSession(), new RecordingSession()];
  await people.signIn(one, identityOf('Simon', { tokenId: 'one' }));
  await people.signIn(two, identityOf('Simon', { tokenId: 'two' }));
  await people.revoke('default', { session: 'one' }, false);
  t.equal(one.closed?.code, closeCode.forbidden);
  t.equal(two.closed, undefined);
  await people.revoke('default', { session: two.id }, false);
  t.equal(two.closed?.code, closeCode.forbidden, 'named by its session');
  await eventually('its token does not come back either', async () =>
    await reasonOf(admitted(people, identityOf('Simon', { tokenId: 'two' })))
      === '401 revoked');
});

t.test('a block that comes while a session signs in finds it (trap 6)', async (t) => {
  const { people, users, directory, hub } = await made();
  const session = new RecordingSession();
  await people.admit(identityOf('Simon'));
  let blocking: Promise<void> | undefined;
  users.beforeRead = () => {
    users.beforeRead = undefined;
    blocking = people.revoke('default', { user: 'Simon' }, true);
    return blocking;
  };
  t.equal(await reasonOf(people.signIn(session, identityOf('Simon'))), '403 blocked');
  await blocking;
  t.equal(hub.users.size, 0);
  t.equal((await directory.query([simon]))[0]?.devices, 0);
});

t.test('a client gone while it signs in leaves no ghost', async (t) => {
  const { people, users, directory, hub, clock } = await made();
  const session = new RecordingSession();
  await people.admit(identityOf('Simon'));
  users.beforeRead = () => {
    users.beforeRead = undefined;
    session.lose();
    return Promise.resolve();
  };
  t.equal(await reasonOf(people.signIn(session, identityOf('Simon'))), '-32800 session_ended');
  clock.advance(3_000);
  t.equal((await directory.query([simon]))[0]?.online, false);
  t.equal(hub.users.size, 0);
});

t.test('a logout is told at once, and ends the watches; a loss after the grace', async (t) => {
  const { people, clock, presence, ended, hub } = await made();
  const session = new RecordingSession();
  await people.signIn(session, identityOf('Simon'));
  await people.signOut(session);
  t.equal(session.identity, undefined);
  t.equal(session.closed, undefined, 'the socket stays');
  t.strictSame(presence, [true, false]);
  t.strictSame(ended, [session]);
  await people.signIn(session, identityOf('Simon'));
  session.lose();
  t.equal(hub.users.size, 0);
  t.strictSame(presence, [true, false, true]);
  clock.advance(3_000);
  t.strictSame(presence, [true, false, true, false]);
});

t.test('signing in again refreshes the same user and refuses another', async (t) => {
  const { people, presence } = await made();
  const session = new RecordingSession();
  await people.signIn(session, identityOf('Simon', { expiresAt: 1 }));
  await people.signIn(session, identityOf('Simon', { expiresAt: 2 }));
  t.equal(session.identity?.expiresAt, 2);
  t.equal(await reasonOf(people.signIn(session, identityOf('Petro'))), '403 other_user');
  t.equal(session.identity?.user, 'Simon');
  t.strictSame(presence, [true], 'no event for a refresh');
});

t.test('one connection more than a user may have is refused', async (t) => {
  const { people } = await made();
  for (let i = 0; i < 2; i++) await people.signIn(new RecordingSession(), identityOf('Simon'));
  t.equal(await reasonOf(people.signIn(new RecordingSession(), identityOf('Simon'))),
    '429 too_many_connections');
});

t.test('a changed role counts for sessions that are signed in', async (t) => {
  const { people, users } = await made();
  const session = new RecordingSession();
  await people.signIn(session, identityOf('Simon'));
  const profile = { ...blankProfile('Simon'), role: 'admin' };
  users.profiles.set(simon, profile);
  await people.changed(simon, profile);
  t.equal(session.identity?.role, 'admin');
  await people.changed(simon, { ...profile, active: false });
  t.strictSame(session.closed, { code: closeCode.forbidden, reason: 'inactive' });
});

t.test('a role changed by another node counts at the next poll', async (t) => {
  const { people, users, clock } = await made();
  const session = new RecordingSession();
  await people.signIn(session, identityOf('Simon'));
  users.profiles.set(simon, { ...blankProfile('Simon'), role: 'admin' });
  await users.revoke('default', { user: 'Simon' }, 0, 0, false);
  clock.advance(500);
  await eventually('the role is admin', () => session.identity?.role === 'admin');
  t.equal(session.closed, undefined);
});

t.test('whoever signs in is known from then on', async (t) => {
  const { people, users } = await made();
  await people.signIn(new RecordingSession(), identityOf('Simon', { name: 'S' }));
  await eventually('a profile is there', () => users.profiles.get(simon));
  t.match(users.profiles.get(simon), { user: 'Simon', name: 'S', active: true });
  t.equal(users.profiles.get(simon)?.role, undefined, 'the token keeps its word on the role');
});
