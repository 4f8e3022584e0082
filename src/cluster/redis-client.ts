import { Redis } from 'ioredis';
import type { ShardAddress } from './shard-address.js';

export { parseShard, parseShards, type ShardAddress } from './shard-address.js';
export type { Redis };

/**
 * The one place where Redis clients are made. Nothing waits for a connection and nothing is sent
 * twice: what was written and not answered has an unknown outcome (trap 4). The caller watches
 * the time of each command itself, since a timer a command costs more than the command (trap 14).
 */
export function connectRedis(address: ShardAddress, use: 'commands' | 'events'): Redis {
  const client = new Redis({
    ...address.options,
    protocol: 2,
    lazyConnect: true,
    connectionName: `ringpost-${use}`,
    connectTimeout: 2000,
    // A server that reads its log is asked again soon, not after whole seconds.
    maxLoadingRetryTime: 100,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    keepAlive: 5000,
    retryStrategy: (times) => Math.min(50 * times, 500) * (0.5 + Math.random() / 2),
    // A primary that became a replica: find the new one (Sentinel names it).
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...(address.sentinel
      // No failoverDetector: it ends a client for good that is connecting at that moment. A
      // primary that is replaced closes its connections by itself.
      ? { sentinelRetryStrategy: () => 300, sentinelCommandTimeout: 1000 }
      : {}),
  });
  // Faults show in what they do to calls; an unheard 'error' event would end the process.
  client.on('error', () => undefined);
  return client;
}
