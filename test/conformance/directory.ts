import type { Test } from 'tap';
import { userKey, type UserKey } from '../../src/base/ids.js';
import type {
  ConnectRequest, Directory, Presence, PresenceHandler,
} from '../../src/cluster/directory.js';
import type { UserStore } from '../../src/store/users.js';
import { blankProfile } from '../../src/chat/admission.js';
import { eventually } from '../helpers/eventually.js';

/** One place that keeps directories, as seen from two nodes (one node may play both). */
export interface DirectoryHarness {
  readonly a: Directory;
  readonly b: Directory;
  /** What both must have been made with. */
  readonly maxConnectionsPerUser: number;
  readonly users: UserStore;
  /** Lets the grace of lost connections run out. */
  passGrace(): Promise<void>;
  close(): Promise<void>;
}

export type MakeDirectories = (
  changed: { a: PresenceHandler; b: PresenceHandler },
) => Promise<DirectoryHarness>;

interface Seen { readonly user: UserKey; readonly presence: Presence }

const key = (name: string): UserKey => userKey('default', name);
let sessions = 0;
const request = (user: UserKey, more: Partial<ConnectRequest> = {}): ConnectRequest =>
  ({ user, session: `session-${++sessions}`, issuedAt: 1_600_000_000_000, ...more });

/** What every {@link Directory} promises, tried on two nodes. */
export async function directoryConformance(
  t: Test, name: string, make: MakeDirectories,
): Promise<void> {
  const run = (
    title: string, body: (t: Test, h: DirectoryHarness, seenByB: Seen[]) => Promise<void>,
  ): Promise<unknown> => t.test(`${name}: ${title}`, async (t) => {
    const seen: Seen[] = [];
    const h = await make({
      a: () => undefined, b: (user, presence) => { seen.push({ user, presence }); },
    });
    try {
      await body(t, h, seen);
    } finally {
      await h.close();
    }
  });

  /** Something that is told surely, so that what came before it has been told too. */
  const marker = async (h: DirectoryHarness, seen: Seen[]): Promise<void> => {
    const user = key(`marker-${++sessions}`);
    await h.b.watch([user]);
    await h.a.connect(request(user));
    await eventually('the marker is told', () => seen.some((s) => s.user === user));
  };
  const of = (seen: Seen[], user: UserKey): boolean[] =>
    seen.filter((s) => s.user === user).map((s) => s.presence.online);

  await run('a user with no connection is offline and was never seen', async (t, h) => {
    t.strictSame(await h.a.query([key('nobody')]), [{ online: false, devices: 0 }]);
  });

  await run('devices count over nodes, and each connection once', async (t, h) => {
    const first = request(key('simon'));
    t.equal(await h.a.connect(first), undefined);
    t.equal(await h.a.connect(first), undefined);
    t.equal(await h.b.connect(request(key('simon'))), undefined);
    t.strictSame(await h.b.query([key('simon')]), [{ online: true, devices: 2 }]);
  });

  await run('a logout is told at once, once, with lastSeen', async (t, h, seen) => {
    const one = request(key('simon'));
    t.strictSame(await h.b.watch([key('simon')]), [{ online: false, devices: 0 }]);
    await h.a.connect(one);
    await h.a.disconnect(key('simon'), one.session, 'logout');
    await h.a.disconnect(key('simon'), one.session, 'logout');
    await eventually('offline is told', () => of(seen, key('simon')).length === 2);
    await marker(h, seen);
    t.strictSame(of(seen, key('simon')), [true, false]);
    const [state] = await h.b.query([key('simon')]);
    t.equal(state?.online, false);
    t.ok((state?.lastSeen ?? 0) > 0, 'lastSeen is known');
  });

  await run('a lost connection is told only after the grace (G8)', async (t, h, seen) => {
    await h.b.watch([key('simon')]);
    const one = request(key('simon'));
    await h.a.connect(one);
    await h.a.disconnect(key('simon'), one.session, 'lost');
    t.equal((await h.b.query([key('simon')]))[0]?.online, true, 'online while the grace runs');
    await marker(h, seen);
    t.strictSame(of(seen, key('simon')), [true]);
    await h.passGrace();
    await eventually('offline is told', () => of(seen, key('simon')).length === 2);
    t.strictSame(of(seen, key('simon')), [true, false]);
  });

  await run('a reconnect within the grace is no event, from any node', async (t, h, seen) => {
    await h.b.watch([key('simon')]);
    const one = request(key('simon'));
    await h.a.connect(one);
    await h.a.disconnect(key('simon'), one.session, 'lost');
    await h.b.connect(request(key('simon')));
    await h.passGrace();
    await marker(h, seen);
    t.strictSame(of(seen, key('simon')), [true]);
    t.equal((await h.a.query([key('simon')]))[0]?.online, true);
  });

  await run('the last of several devices decides', async (t, h, seen) => {
    await h.b.watch([key('simon')]);
    const [one, two] = [request(key('simon')), request(key('simon'))];
    await h.a.connect(one);
    await h.b.connect(two);
    await h.a.disconnect(key('simon'), one.session, 'logout');
    await marker(h, seen);
    t.strictSame(of(seen, key('simon')), [true]);
    await h.b.disconnect(key('simon'), two.session, 'logout');
    await eventually('offline is told', () => of(seen, key('simon')).length === 2);
    t.strictSame(of(seen, key('simon')), [true, false]);
  });

  await run('watches are counted, and nobody else is told of', async (t, h, seen) => {
    await h.b.watch([key('simon')]);
    await h.b.watch([key('simon')]);
    await h.b.unwatch([key('simon')]);
    await h.a.connect(request(key('petro')));
    const one = request(key('simon'));
    await h.a.connect(one);
    await eventually('online is told', () => of(seen, key('simon')).length === 1);
    await h.b.unwatch([key('simon')]);
    await h.a.disconnect(key('simon'), one.session, 'logout');
    await marker(h, seen);
    t.strictSame(of(seen, key('simon')), [true]);
    t.strictSame(of(seen, key('petro')), []);
  });

  await run('tenants are apart (trap 15)', async (t, h) => {
    await h.a.connect(request(userKey('other', 'simon')));
    t.equal((await h.b.query([key('simon')]))[0]?.online, false);
  });

  await run('one connection more than a user may have is refused', async (t, h) => {
    for (let i = 0; i < h.maxConnectionsPerUser; i++) {
      t.equal(await (i % 2 === 0 ? h.a : h.b).connect(request(key('simon'))), undefined);
    }
    t.equal(await h.b.connect(request(key('simon'))), 'tooMany');
    t.equal((await h.a.query([key('simon')]))[0]?.devices, h.maxConnectionsPerUser);
  });

  await run('blocked, inactive and revoked are refused by the step that registers (trap 6)',
    async (t, h) => {
      const { users } = h;
      await users.update(key('blocked'), () => ({ ...blankProfile('blocked'), blocked: true }));
      await users.update(key('left'), () => ({ ...blankProfile('left'), active: false }));
      await users.revoke('default', { user: 'simon' }, 1_650_000_000_000, 0, false);
      await users.revoke('default', { tokenId: 'stolen' }, 1, 4_000_000_000_000, false);
      t.equal(await h.a.connect(request(key('blocked'))), 'blocked');
      t.equal(await h.a.connect(request(key('left'))), 'inactive');
      t.equal(await h.b.connect(request(key('simon'))), 'revoked');
      t.equal(await h.b.connect(request(key('fedir'), { tokenId: 'stolen' })), 'revoked');
      const later = request(key('simon'), { issuedAt: 1_650_000_000_000 });
      t.equal(await h.b.connect(later), undefined, 'a later token is good');
      const states = await h.a.query(['blocked', 'left', 'fedir'].map(key));
      t.strictSame(states.map((s) => s.online), [false, false, false], 'nobody is a ghost');
    });
}
