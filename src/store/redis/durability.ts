import type { Reply, ShardPort } from '../../cluster/shard-port.js';
import type { Durability } from '../store.js';

/** What a shard says of itself; undefined where it does not tell (managed Redis may not). */
export interface ShardSettings {
  readonly appendonly: string | undefined;
  readonly appendfsync: string | undefined;
  readonly maxmemory: number | undefined;
  readonly maxmemoryPolicy: string | undefined;
  /** Replicas connected; undefined when it does not say. */
  readonly replicas: number | undefined;
}

const levels = ['fsync', 'process', 'memory'] as const;
type Level = (typeof levels)[number];

/** Settings by name, from the flat list that CONFIG GET answers. */
function settingsOf(reply: Reply): Map<string, string> {
  const found = new Map<string, string>();
  if (!Array.isArray(reply)) return found;
  for (let i = 0; i + 1 < reply.length; i += 2) {
    const [name, value] = [reply[i], reply[i + 1]];
    if (Buffer.isBuffer(name) && Buffer.isBuffer(value)) found.set(`${name}`, `${value}`);
  }
  return found;
}

/** One field of INFO. */
const infoField = (info: Reply, name: string): string | undefined =>
  (Buffer.isBuffer(info) ? new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(`${info}`)?.[1] : undefined);

async function attempt(call: Promise<Reply>): Promise<Reply> {
  try {
    return await call;
  } catch {
    return null;
  }
}

async function settingsFrom(port: ShardPort, shard: string): Promise<ShardSettings> {
  const config = async (name: string): Promise<string | undefined> =>
    settingsOf(await attempt(port.call(shard, 'CONFIG', ['GET', name]))).get(name);
  const [appendonly, appendfsync, policy, maxmemory, replication, persistence, memory] =
    await Promise.all([
      config('appendonly'), config('appendfsync'), config('maxmemory-policy'), config('maxmemory'),
      attempt(port.call(shard, 'INFO', ['replication'])),
      attempt(port.call(shard, 'INFO', ['persistence'])),
      attempt(port.call(shard, 'INFO', ['memory'])),
    ]);
  const enabled = infoField(persistence, 'aof_enabled');
  const replicas = infoField(replication, 'connected_slaves');
  const limit = maxmemory ?? infoField(memory, 'maxmemory');
  return {
    appendonly: appendonly ?? (enabled === undefined ? undefined : enabled === '1' ? 'yes' : 'no'),
    appendfsync,
    maxmemory: limit === undefined ? undefined : Number(limit),
    maxmemoryPolicy: policy ?? infoField(memory, 'maxmemory_policy'),
    replicas: replicas === undefined ? undefined : Number(replicas),
  };
}

/** What of one shard can be lost, and what to be warned of. Pure. */
export function judge(
  shard: string, settings: ShardSettings,
): { level: Level; detail: string; warnings: string[] } {
  const { appendonly, appendfsync, maxmemory, maxmemoryPolicy: policy, replicas } = settings;
  const warnings: string[] = [];
  const copies = replicas === undefined ? '' : `, ${replicas} replicas`;
  let level: Level;
  let how: string;
  if (appendonly === undefined) {
    level = 'memory';
    how = 'it does not say whether it keeps an append-only file';
    warnings.push(`${shard}: durability is unknown, since it refuses CONFIG and INFO`);
  } else if (appendonly !== 'yes') {
    level = 'memory';
    how = 'no append-only file';
    warnings.push(`${shard}: appendonly is off, acknowledged messages die with its process`);
  } else if (appendfsync === 'always') {
    level = 'fsync';
    how = 'appendfsync always';
  } else {
    level = 'process';
    how = appendfsync === undefined
      ? 'append-only file, fsync unknown' : `appendfsync ${appendfsync}`;
    if (appendfsync !== 'everysec') {
      warnings.push(`${shard}: ${how}, power loss may lose many seconds`);
    }
  }
  if (policy !== undefined && policy !== 'noeviction' && maxmemory !== 0) {
    warnings.push(`${shard}: maxmemory-policy ${policy} may evict acknowledged messages`);
  }
  return { level, detail: `${shard}: ${how}${copies}`, warnings };
}

/**
 * Which durability is in force over all shards: that of the weakest (G1). Replication is told in
 * the detail and never counts by itself, since nothing waits for a replica.
 */
export async function readDurability(port: ShardPort): Promise<Durability> {
  const judged = await Promise.all(port.shards.map(async (shard) => {
    if (!port.reachable(shard)) {
      return {
        level: 'memory' as Level, detail: `${shard}: away`,
        warnings: [`${shard}: cannot be reached, its durability is unknown`],
      };
    }
    return judge(shard, await settingsFrom(port, shard));
  }));
  const weakest = Math.max(...judged.map(({ level }) => levels.indexOf(level)));
  return {
    level: levels[weakest] ?? 'memory',
    detail: judged.map(({ detail }) => detail).join('; '),
    warnings: judged.flatMap(({ warnings }) => warnings),
  };
}
