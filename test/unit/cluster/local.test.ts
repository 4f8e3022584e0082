import t from 'tap';
import { ManualClock } from '../../../src/base/clock.js';
import { userKey } from '../../../src/base/ids.js';
import { LocalBus } from '../../../src/cluster/local/bus.js';
import { LocalDirectory } from '../../../src/cluster/local/directory.js';
import { LocalMembership } from '../../../src/cluster/local/membership.js';
import { busConformance } from '../../conformance/bus.js';
import { directoryConformance } from '../../conformance/directory.js';
import { directoryUsers, MapUsers } from '../../helpers/users.js';

const graceMs = 3_000;
const maxConnectionsPerUser = 3;

await directoryConformance(t, 'local directory', (changed) => {
  const clock = new ManualClock();
  const users = new MapUsers();
  const directory = new LocalDirectory({
    users: directoryUsers(users), clock, graceMs, maxConnectionsPerUser, changed: changed.b,
    failed: (error) => { throw error; },
  });
  return Promise.resolve({
    a: directory, b: directory, maxConnectionsPerUser, users,
    passGrace: () => Promise.resolve(clock.advance(graceMs)),
    close: () => directory.close(),
  });
});

await busConformance(t, 'local bus', (handlers) => {
  const bus = new LocalBus(handlers.b);
  return Promise.resolve({
    a: bus, b: bus, holdOnB: () => Promise.resolve(), close: () => Promise.resolve(),
  });
});

await t.test('offline comes exactly when the grace ends', async (t) => {
  const clock = new ManualClock();
  const told: boolean[] = [];
  const directory = new LocalDirectory({
    users: directoryUsers(new MapUsers()), clock, graceMs, maxConnectionsPerUser,
    changed: (_user, presence) => { told.push(presence.online); },
    failed: (error) => { throw error; },
  });
  const user = userKey('default', 'simon');
  await directory.watch([user]);
  await directory.connect({ user, session: 's', issuedAt: 0 });
  const lostAt = clock.now();
  await directory.disconnect(user, 's', 'lost');
  clock.advance(graceMs - 1);
  t.strictSame(told, [true]);
  clock.advance(1);
  t.strictSame(told, [true, false]);
  t.strictSame(await directory.query([user]), [{ online: false, devices: 0, lastSeen: lostAt }]);
  await directory.close();
});

await t.test('lastSeen outlives the directory', async (t) => {
  const clock = new ManualClock();
  const users = new MapUsers();
  const make = (): LocalDirectory => new LocalDirectory({
    users: directoryUsers(users), clock, graceMs, maxConnectionsPerUser,
    changed: () => undefined, failed: (error) => { throw error; },
  });
  const user = userKey('default', 'simon');
  const first = make();
  await first.connect({ user, session: 's', issuedAt: 0 });
  await first.disconnect(user, 's', 'lost');
  await first.close();
  t.equal((await make().query([user]))[0]?.lastSeen, clock.now());
});

await t.test('a node that stands alone names itself and what it reported', async (t) => {
  const membership = new LocalMembership({
    node: 'n1', startedAt: 5, url: () => 'http://127.0.0.1:1/rpc',
    shard: () => ({ shard: 'embedded', reachable: true, durability: 'fsync' }),
  });
  membership.report({ connections: 2, users: 1, draining: false });
  t.strictSame(await membership.nodes(), [{
    node: 'n1', incarnation: 5, url: 'http://127.0.0.1:1/rpc', startedAt: 5, connections: 2,
    users: 1, draining: false,
  }]);
});
