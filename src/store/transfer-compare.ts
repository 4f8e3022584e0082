import { lineOf } from './transfer-lines.js';
import type { TransferRecord } from './transfer.js';

/** The first record that two places do not share, in words; undefined where they are the same. */
export async function firstDifference(
  one: AsyncIterable<TransferRecord>, other: AsyncIterable<TransferRecord>,
): Promise<string | undefined> {
  const others = other[Symbol.asyncIterator]();
  try {
    for await (const record of one) {
      const beside = await others.next();
      const line = lineOf(record);
      const found = beside.done === true ? 'nothing more' : lineOf(beside.value);
      if (line !== found) return `${line} here, ${found} there`;
    }
    const more = await others.next();
    return more.done === true ? undefined : `nothing more here, ${lineOf(more.value)} there`;
  } finally {
    await others.return?.();
  }
}
