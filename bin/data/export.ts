import { once } from 'node:events';
import { openPlace } from '../../src/data-place.js';
import { firstLine, lastLine, lineOf } from '../../src/store/transfer-lines.js';
import { keyWindowOf, placeOf, words, type Verb } from './verb.js';

/** Characters handed on in one go. */
const chunkLength = 64 * 1024;

export const run: Verb = async (given) => {
  words(given, 0);
  const from = await openPlace(placeOf(given), false, keyWindowOf(given));
  const out = process.stdout;
  let chunk = `${firstLine}\n`;
  try {
    for await (const record of from.records()) {
      chunk += `${lineOf(record)}\n`;
      if (chunk.length < chunkLength) continue;
      if (!out.write(chunk)) await once(out, 'drain');
      chunk = '';
    }
  } finally {
    await from.close();
  }
  await new Promise((resolve) => { out.write(`${chunk}${lastLine}\n`, resolve); });
  return 0;
};
