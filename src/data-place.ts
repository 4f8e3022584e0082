import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from './base/clock.js';
import { SettingsError } from './config.js';
import { openFolder } from './store/embedded/open.js';
import { EmbeddedTransfer } from './store/embedded/transfer.js';
import type { KeyWindow, Transfer } from './store/transfer.js';

/** Whether a place is a ring of shards and no folder. */
export const isRing = (place: string): boolean => place.includes('://');

/**
 * Opens what a store keeps, to be copied, for this process alone.
 * @param place a data folder, or the shards as `--redis` takes them
 * @param make whether a folder that holds nothing yet may be begun
 * @throws Error that names the place: in use, not there, damaged
 */
export async function openPlace(
  place: string, make: boolean, keyWindowMs: number,
): Promise<Transfer> {
  const window: KeyWindow = { nowMs: systemClock.now(), keyWindowMs };
  if (isRing(place)) throw new SettingsError(`${place} is no folder`);
  if (!make && !existsSync(join(place, 'data.mdb'))) {
    throw new Error(`the folder ${place} holds no store`);
  }
  return new EmbeddedTransfer(await openFolder(place), window);
}
