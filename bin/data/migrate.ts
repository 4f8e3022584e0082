import { SettingsError } from '../../src/config.js';
import { openPlace } from '../../src/data-place.js';
import { firstDifference } from '../../src/store/transfer-compare.js';
import { copyRecords } from '../../src/store/transfer-copy.js';
import { Progress } from './progress.js';
import { isOn, keyWindowOf, neededFlag, words, type Verb } from './verb.js';

export const run: Verb = async (given) => {
  words(given, 0);
  const [from, to] = [neededFlag(given, 'from'), neededFlag(given, 'to')];
  if (from === to) throw new SettingsError('--from and --to are the same place');
  const nowMs = Date.now();
  const window = keyWindowOf(given);
  const source = await openPlace(from, false, window, nowMs);
  try {
    const { rooms, users, entries } = await source.size();
    console.error(`${from}: ${rooms} rooms, ${users} users, ${entries} entries of logs and feeds`);
    if (isOn(given, 'dry-run')) {
      console.error('dry run: nothing was written');
      return 0;
    }
    const target = await openPlace(to, true, window, nowMs);
    try {
      const copying = new Progress('copied', entries);
      copying.done(await copyRecords(source.records(), target, (state) => copying.show(state)));
      const different = await firstDifference(source.records(), target.records());
      if (different !== undefined) {
        console.error(`ringpost: after the copy the two differ: ${different}`);
        return 1;
      }
      console.error('verified: every record is the same in both');
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  return 0;
};
