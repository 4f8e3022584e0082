import type { Clock } from './base/clock.js';
import type { NodeInfo } from './cluster/membership.js';
import type { Session } from './rpc/session.js';

/** Where one session goes, and when. */
export interface Move {
  readonly session: Session;
  /** Public URL; absent where no other node lives. */
  readonly reconnectTo?: string;
  readonly afterMs: number;
}

/**
 * Gives each session its own moment in the window and a node to go to: the one that would have
 * the fewest connections then. Pure.
 * @param others live nodes but this one; draining ones are left out
 */
export function planMoves(
  sessions: readonly Session[], others: readonly NodeInfo[], windowMs: number,
): Move[] {
  const loads = others.filter((node) => !node.draining)
    .map(({ url, connections }) => ({ url, connections }));
  return sessions.map((session, i) => {
    const afterMs = Math.floor((windowMs * i) / sessions.length);
    if (loads.length === 0) return { session, afterMs };
    const least = loads.reduce((a, b) => (b.connections < a.connections ? b : a));
    least.connections++;
    return { session, reconnectTo: least.url, afterMs };
  });
}

/** Waits for a condition, looking every few milliseconds, until a time has passed. */
export async function until(
  clock: Clock, withinMs: number, condition: () => boolean,
): Promise<boolean> {
  const end = clock.monotonic() + withinMs;
  while (!condition()) {
    if (clock.monotonic() >= end) return false;
    await pause(clock, 10);
  }
  return true;
}

/** Resolves when the work has, or after a time: a fault must not hold up the end. */
export const within = (clock: Clock, ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work.catch((error: unknown) => error), pause(clock, ms)]);

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => { clock.after(ms, resolve); });
