import t from 'tap';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseShards, splitShards } from '../../../src/cluster/shard-address.js';
import { loadSettings } from '../../../src/config-load.js';

const read = (name: string): string => readFileSync(
  fileURLToPath(new URL(`../../../../deploy/${name}`, import.meta.url)), 'utf8');
const compose = read('compose.yaml');
const services = new Set([...compose.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name));

/** A variable of the file; folded text (`>-`) stands on the next line. */
function variable(name: string): string {
  const value = new RegExp(`${name}: (?:>-\\n\\s+)?(.+)`).exec(compose)?.[1];
  if (value === undefined) throw new Error(`${name} is not in compose.yaml`);
  return value;
}

t.test('the containers are given settings that a node takes, in production too', async (t) => {
  const env = {
    RINGPOST_SECRET: 'x'.repeat(64), RINGPOST_REDIS: variable('RINGPOST_REDIS'),
    RINGPOST_NODE: variable('RINGPOST_NODE'), RINGPOST_PUBLIC_URL: variable('RINGPOST_PUBLIC_URL'),
  };
  const settings = loadSettings({ argv: ['--host', '0.0.0.0', '--production'], env });
  const shards = parseShards(splitShards(settings.redis.join(',')));
  t.strictSame(shards.map(({ name }) => name), ['shard1', 'shard2']);
  for (const { sentinel, options } of shards) {
    t.ok(sentinel);
    t.equal(options.sentinels?.length, 3);
    for (const { host } of options.sentinels ?? []) {
      t.ok(services.has(host), `${host} is a container`);
    }
    const watched = new RegExp(`^sentinel monitor ${options.name} (\\S+) 6379 2$`, 'm');
    const [, primary] = watched.exec(read('sentinel.conf')) ?? [];
    t.ok(services.has(primary), `${options.name} is watched`);
    t.match(compose, `--replicaof, ${primary},`, `${options.name} has a replica`);
  }
});

t.test('the load balancer spreads over the containers that serve', async (t) => {
  const servers = [...read('haproxy.cfg').matchAll(/^ +server \w+ (\w+):8080 check/gm)];
  t.strictSame(servers.map(([, name]) => name), ['node1', 'node2']);
  for (const [, name] of servers) t.ok(services.has(name), `${name} is a container`);
  t.match(read('haproxy.cfg'), 'balance roundrobin');
});
