/** A place in one feed: the feed's own epoch and the number of the last entry that was seen. */
export interface Cursor {
  readonly epoch: string;
  readonly n: number;
}

/** Longest cursor that is looked at, in UTF-16 units (protocol.md, Positions). */
const maxLength = 512;
const form = /^([!-~]{0,400})\.(0|[1-9a-z][0-9a-z]{0,10})$/;

/** The opaque text that clients carry. Said once an event: nothing but a concatenation. */
export const encodeCursor = (epoch: string, n: number): string => `${epoch}.${n.toString(36)}`;

/**
 * @returns undefined for what no server can have said; whether the place still exists, and in
 *   whose feed, is for the feed to say
 */
export function decodeCursor(text: string): Cursor | undefined {
  if (text.length > maxLength) return undefined;
  const parts = form.exec(text);
  const [, epoch, digits] = parts ?? [];
  if (epoch === undefined || digits === undefined) return undefined;
  const n = Number.parseInt(digits, 36);
  return Number.isSafeInteger(n) ? { epoch, n } : undefined;
}
