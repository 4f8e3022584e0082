import t from 'tap';
import { parseShard, parseShards, splitShards } from '../../../src/cluster/shard-address.js';

void t.test('a shard is named by its address, or as it was given', async (t) => {
  t.equal(parseShard('redis://h:6380/2').name, 'h:6380/2');
  t.equal(parseShard('redis://h').name, 'h:6379/0');
  t.equal(parseShard('a=redis://h').name, 'a');
});

void t.test('login, TLS and database come from the URL, and no password is shown', async (t) => {
  const shard = parseShard('a=rediss://me:s%40cret@h:1/3');
  t.match(shard.options, { username: 'me', password: 's@cret', db: 3, port: 1, tls: {} });
  t.notMatch(shard.shown, /cret/);
});

void t.test('Sentinel names its hosts, the primary and the database', async (t) => {
  const shard = parseShard('a=redis+sentinel://:pw@s1:26379,s2/main?db=4&sentinelPassword=sp');
  t.ok(shard.sentinel);
  t.match(shard.options, {
    sentinels: [{ host: 's1', port: 26379 }, { host: 's2', port: 26379 }], name: 'main', db: 4,
    password: 'pw', sentinelPassword: 'sp',
  });
});

void t.test('a list is split between shards, not between the hosts of a Sentinel', async (t) => {
  t.same(splitShards('redis://a,b=redis+sentinel://s1:1,s2:2/m,rediss://c/1'),
    ['redis://a', 'b=redis+sentinel://s1:1,s2:2/m', 'rediss://c/1']);
});

void t.test('what is no shard is refused without showing it', async (t) => {
  for (const bad of ['', 'http://h', 'redis://h/x', 'redis+sentinel://h:1']) {
    t.throws(() => parseShard(bad), RangeError, bad);
  }
  t.throws(() => parseShards([]), /empty/);
  t.throws(() => parseShards(['a=redis://h', 'a=redis://i']), /two shards are called a/);
});
