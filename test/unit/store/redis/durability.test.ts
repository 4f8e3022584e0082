import t from 'tap';
import { judge, type ShardSettings } from '../../../../src/store/redis/durability.js';
import { redisStores } from '../../../helpers/redis-store.js';
import { startRedis } from '../../../helpers/redis.js';

const settings: ShardSettings = {
  appendonly: 'yes', appendfsync: 'always', maxmemory: 0, maxmemoryPolicy: 'noeviction',
  replicas: 0,
};

const always = await startRedis({ appendfsync: 'always' });
const everysec = await startRedis({ settings: ['--maxmemory', '1gb', '--maxmemory-policy',
  'allkeys-lru'] });
t.teardown(() => Promise.all([always.close(), everysec.close()]));

t.test('durability is that of the weakest shard, read from the servers (G1)', async (t) => {
  const one = await redisStores([always])();
  const both = await redisStores([always, everysec])();
  t.teardown(() => Promise.all([one.close(), both.close()]));
  t.match(await one.store.durability(), { level: 'fsync', warnings: [] });
  const durability = await both.store.durability();
  t.equal(durability.level, 'process');
  t.match(durability.detail, /s0: appendfsync always.*s1: appendfsync everysec/);
  t.match(durability.warnings, [/s1: maxmemory-policy allkeys-lru may evict/]);
});

t.test('what could lose acknowledged messages is warned of', async (t) => {
  t.same(judge('s', settings), {
    level: 'fsync', detail: 's: appendfsync always, 0 replicas', warnings: [],
  });
  const off = judge('s', { ...settings, appendonly: 'no' });
  t.equal(off.level, 'memory');
  t.match(off.warnings, [/appendonly is off/]);
  const rarely = judge('s', { ...settings, appendfsync: 'no' });
  t.equal(rarely.level, 'process');
  t.match(rarely.warnings, [/power loss/]);
});

t.test('a shard that does not tell is not trusted', async (t) => {
  const silent = judge('s', {
    appendonly: undefined, appendfsync: undefined, maxmemory: undefined,
    maxmemoryPolicy: undefined, replicas: undefined,
  });
  t.equal(silent.level, 'memory');
  t.match(silent.warnings, [/unknown/]);
});
