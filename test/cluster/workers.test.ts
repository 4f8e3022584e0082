import t from 'tap';
import { freePort } from '../../src/supervisor/local-cluster.js';
import { client, Listener } from '../client/served.js';
import { eventually } from '../helpers/eventually.js';
import { childrenOf } from '../helpers/processes.js';
import { startRedises } from '../helpers/redis.js';
import { call, runCommand } from '../helpers/server.js';
import { startWebhook } from '../helpers/webhook.js';

const servers = await startRedises(2);
t.teardown(() => Promise.all(servers.map((server) => server.close())));
const redis = servers.map(({ url }, i) => `shard${i + 1}=${url}`).join(',');

t.test('a worker killed is started again and reported, and its clients go on', async (t) => {
  const webhook = await startWebhook(t, 'a secret');
  const port = await freePort();
  const run = runCommand(t, ['serve', '--dev', '--workers', '2', '--redis', redis, '--node', 'w',
    '--port', String(port), '--alert-webhook', webhook.url, '--alert-secret', 'a secret']);
  t.teardown(async () => {
    run.child.kill('SIGTERM');
    await run.exit;
  });
  const bothReady = (): boolean => run.stdout().match(/ringpost is ready/g)?.length === 2;
  await eventually('both workers serve', bothReady, 30_000);
  const [, url = ''] = await run.printed(/ready: (\S+)/);
  const workers = () => new Map(childrenOf(run.child.pid ?? 0).map(({ pid, args }) =>
    [args[args.lastIndexOf('--node') + 1] ?? '', pid]));
  t.strictSame([...workers().keys()].sort(), ['w-1', 'w-2']);

  const simon = client(t, url, 'Simon');
  await call(url, 'Simon', 'room.create', { room: 'workers', members: ['Fedir'] });
  const fedir = client(t, url, 'Fedir');
  const heard = new Listener(fedir, 'workers');
  await fedir.call('room.list', {});
  await simon.call('message.send', { room: 'workers', text: 'before' });
  await heard.heard('before');

  const before = workers();
  const { node } = await fedir.call('server.info', {});
  process.kill(before.get(node) ?? 0, 'SIGKILL');
  for (let i = 1; i <= 20; i++) {
    await simon.call('message.send', { room: 'workers', text: `meanwhile ${i}` });
  }
  await heard.heard('meanwhile 20');
  t.strictSame(heard.texts, [
    'before', ...Array.from({ length: 20 }, (_, i) => `meanwhile ${i + 1}`),
  ], 'nothing lost, nothing twice');
  await eventually('it is there again', () => {
    const pid = workers().get(node);
    return pid !== undefined && pid !== before.get(node);
  });
  await eventually('both are reported', () => webhook.alerts.length === 2);
  t.match(webhook.alerts, [
    { kind: 'crash', subject: node, detail: { how: 'SIGKILL' } },
    { kind: 'restart', subject: node },
  ]);
  t.match(webhook.alerts[0]?.detail?.lastWords?.join('\n'), /ringpost is ready/);
  t.equal(webhook.unsigned(), 0);
});
