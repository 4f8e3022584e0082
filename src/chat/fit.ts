/** Room for the envelope and the other members of an answer. */
const reserveBytes = 4_096;

/**
 * How many of the rows fit an answer: a page ends early rather than pass the answer's limit. The
 * first row always counts as fitting, or reading could not go on.
 * @param maxAnswerBytes 0 for no limit
 */
export function fitting(rows: readonly unknown[], maxAnswerBytes: number): number {
  if (maxAnswerBytes === 0) return rows.length;
  let left = Math.max(maxAnswerBytes - reserveBytes, maxAnswerBytes / 2);
  let count = 0;
  for (const row of rows) {
    left -= Buffer.byteLength(JSON.stringify(row)) + 1;
    if (left < 0 && count > 0) break;
    count += 1;
  }
  return count;
}
