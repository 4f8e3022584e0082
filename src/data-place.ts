import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from './base/clock.js';
import { randomId } from './base/ids.js';
import { limitsWith } from './base/limits.js';
import { createLogger } from './base/log.js';
import { nodesKey } from './cluster/keys.js';
import { openCluster } from './cluster/redis/open.js';
import { splitShards } from './cluster/shard-address.js';
import { openFolder } from './store/embedded/open.js';
import { EmbeddedTransfer } from './store/embedded/transfer.js';
import { RedisTransfer } from './store/redis/transfer.js';
import type { KeyWindow, Transfer } from './store/transfer.js';

/** Whether a place is a ring of shards and no folder. */
const isRing = (place: string): boolean => place.includes('://');

/**
 * Opens what a store keeps, to be copied, for this process alone.
 * @param place a data folder, or the shards as `--redis` takes them
 * @param make whether a folder that holds nothing yet may be begun
 * @param nowMs by which keys are remembered
 * @throws Error that names the place: in use, not there, damaged
 */
export async function openPlace(
  place: string, make: boolean, keyWindowMs: number, nowMs = systemClock.now(),
): Promise<Transfer> {
  const window: KeyWindow = { nowMs, keyWindowMs };
  if (isRing(place)) return openRing(splitShards(place), window);
  if (!make && !existsSync(join(place, 'data.mdb'))) {
    throw new Error(`the folder ${place} holds no store`);
  }
  return new EmbeddedTransfer(await openFolder(place), window);
}

const nothing = (): void => undefined;

/** Joins as a node, so that what is written is fenced (G7); it must be the only one. */
async function openRing(shards: readonly string[], window: KeyWindow): Promise<Transfer> {
  const cluster = await openCluster({
    shards, node: `data-${randomId(6)}`, publicUrl: () => '', limits: limitsWith({}),
    clock: systemClock, ids: randomId, log: createLogger({ format: 'silent' }),
    bus: { signal: nothing, room: nothing, gap: nothing }, presence: nothing,
    membership: { fenced: nothing, superseded: nothing }, refused: nothing,
  });
  try {
    for (const shard of cluster.shards.shards) {
      const nodes = await cluster.shards.call(shard, 'HLEN', [nodesKey]);
      if (nodes !== 1) {
        throw new Error(`servers are running on shard ${shard}: stop them first; one that was `
          + 'killed counts until its lease has ended');
      }
    }
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return new RedisTransfer(cluster.shards, window, () => cluster.close());
}
