import t from 'tap';
import { startRedises } from '../../helpers/redis.js';
import { call, runCommand, startServer, temporaryFolder } from '../../helpers/server.js';

t.test('one node becomes a cluster and one node again', async (t) => {
  const servers = await startRedises(2);
  t.teardown(() => Promise.all(servers.map((server) => server.close())));
  const redis = servers.map(({ url }, n) => `s${n}=${url}`).join(',');
  const [data, back] = [temporaryFolder(t), temporaryFolder(t)];
  const one = await startServer(t, ['--data', data]);
  await call(one.url, 'ann', 'room.create', { room: 'r' });
  const sent = await call(one.url, 'ann', 'message.send', { room: 'r', text: '1', key: 'k' });
  await one.stop();

  const migrate = async (from: string, to: string, ...more: string[]): Promise<string> => {
    const run = runCommand(t, ['data', 'migrate', '--from', from, '--to', to, ...more]);
    t.equal((await run.exit).code, 0, run.stderr());
    return run.stderr();
  };
  t.match(await migrate(data, redis, '--dry-run'), /1 rooms, 1 users.*dry run/s);
  t.match(await migrate(data, redis), /copied 2 .*verified/s);
  t.match(await migrate(data, redis), /2 of them were there already.*verified/s);

  const two = await startServer(t, ['--redis', redis]);
  t.match(await call(two.url, 'ann', 'message.send', { room: 'r', text: '1', key: 'k' }), sent);
  const busy = runCommand(t, ['data', 'export', '--redis', redis]);
  t.equal((await busy.exit).code, 1);
  t.match(busy.stderr(), /servers are running on shard/);
  await two.stop();

  t.match(await migrate(redis, back), /copied 2 .*verified/s);
  const three = await startServer(t, ['--data', back]);
  t.match(await call(three.url, 'ann', 'message.send', { room: 'r', text: '1', key: 'k' }), sent);
});
