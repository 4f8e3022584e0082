/**
 * The known word that an unknown one was most likely meant to be (Levenshtein distance), or
 * undefined where none is near.
 */
export function nearest(unknown: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(unknown.length / 3)) + 1;
  for (const word of known) {
    const distance = word.startsWith(unknown) && unknown.length > 2
      ? 1 : levenshtein(unknown.toLowerCase(), word.toLowerCase());
    if (distance < least) [best, least] = [word, distance];
  }
  return best;
}

function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** ` (did you mean …?)`, or nothing. */
export function suggestion(unknown: string, known: Iterable<string>): string {
  const near = nearest(unknown, known);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
