import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { SettingsError } from '../../src/config.js';
import { openPlace } from '../../src/data-place.js';
import { copyRecords } from '../../src/store/transfer-copy.js';
import { parseLines } from '../../src/store/transfer-lines.js';
import { Progress } from './progress.js';
import { keyWindowOf, placeOf, words, type Verb } from './verb.js';

export const run: Verb = async (given) => {
  const [file] = words(given, 1);
  if (file === undefined) throw new SettingsError('which file? see ringpost data --help');
  const input = file === '-' ? process.stdin : createReadStream(file);
  const to = await openPlace(placeOf(given), true, keyWindowOf(given));
  const progress = new Progress('imported');
  try {
    // Made last: what it reads before it is asked for lines is lost.
    const lines = createInterface({ input, crlfDelay: Infinity });
    const copied = await copyRecords(parseLines(lines), to, (state) => progress.show(state));
    progress.done(copied);
  } finally {
    await to.close();
  }
  return 0;
};
