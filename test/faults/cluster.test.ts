import t from 'tap';
import { check, summary } from './checker.js';
import { startCluster } from './cluster-under-test.js';
import { seedOf } from './processes.js';
import { random, Workload } from './workload.js';

t.setTimeout(280_000);

t.test('twenty kill -9 of nodes and shards under load lose, double and skip nothing', async (t) => {
  const seed = seedOf(t);
  const { nodes, shards, urls } = await startCluster(t);
  const workload = new Workload({ urls, clients: 24, rooms: 8, members: 6, seed });
  await workload.begin();
  const choose = random(seed + 1);
  const pick = <T>(list: readonly T[]): T | undefined =>
    list[Math.floor(choose() * list.length)];
  for (let killed = 0; killed < 20; killed++) {
    await workload.more(20 + Math.floor(choose() * 100));
    if (choose() < 0.5) {
      const node = pick(nodes);
      await node?.kill();
      await node?.start();
    } else {
      const shard = pick(shards);
      shard?.signal('SIGKILL');
      await shard?.restart();
    }
  }
  const record = await workload.end(30_000);
  const findings = check(record);
  t.equal(findings.length, 0, summary(findings));
  t.same(record.events.filter(({ kind }) => kind === 'reset'), [], 'every feed went on');
  t.ok(workload.acknowledged > 400, `${workload.acknowledged} messages were acknowledged`);
});
