import { verify } from '../../src/store/embedded/verify.js';
import { folderOf, isOn, words, type Verb } from './verb.js';

export const run: Verb = async (given) => {
  words(given, 0);
  const report = await verify(folderOf(given));
  const { rooms, entries, feeds, feedEntries, differences } = report;
  if (isOn(given, 'json')) console.log(JSON.stringify(report));
  else {
    for (const { where, what } of differences) console.log(`${where}: ${what}`);
    console.log(`${rooms} rooms with ${entries} entries, ${feeds} feeds with ${feedEntries} `
      + `entries: ${differences.length === 0 ? 'all is well'
        : `${differences.length} differences`}`);
  }
  return differences.length === 0 ? 0 : 1;
};
