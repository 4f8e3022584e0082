import type { RoomHead } from '../entry.js';

/** Entries dropped at most in one go, so that no call pays for a whole backlog. */
export const trimAtOnce = 64;

/**
 * The lowest seq that a room keeps after trimming: entries go from the old end while enough newer
 * messages are kept, or while they are too old. What was not forwarded stays (trap 10).
 * @param forwarded seq up to which everything was forwarded
 * @param nowMs wall clock: ages follow it
 * @param entry at and count of a kept entry
 */
export function firstKept(
  head: RoomHead, forwarded: number, nowMs: number,
  entry: (seq: number) => { at: number; count: number } | undefined,
): number {
  const { history } = head;
  if (history === undefined) return head.first;
  const last = Math.min(forwarded, head.seq, head.first + trimAtOnce - 1);
  let first = head.first;
  while (first <= last) {
    const oldest = entry(first);
    if (oldest === undefined) break;
    const tooMany = history.maxMessages !== undefined
      && head.count - oldest.count >= history.maxMessages;
    const tooOld = history.maxAgeMs !== undefined && oldest.at + history.maxAgeMs <= nowMs;
    if (!tooMany && !tooOld) break;
    first++;
  }
  return first;
}
