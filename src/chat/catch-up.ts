import type { UserKey } from '../base/ids.js';
import type { ForwardItem, ForwardResult } from '../store/feeds.js';
import type { RoomStore } from '../store/rooms.js';
import type { ForwardBatcher } from './batcher.js';
import { spread } from './forward-items.js';
import { membershipsOf } from './recipients.js';
import type { RoomFlow } from './room-flow.js';

/** Looks at the log for one user's feed; more would mean that the log itself lacks something. */
const maxTries = 3;

interface Behind {
  /** What each one's feed wants next. */
  readonly next: Map<UserKey, number>;
  /** Up to where they are to be brought. */
  to: number;
}

function behindOf(
  items: readonly ForwardItem[], results: readonly ForwardResult[],
): Behind {
  const behind: Behind = { next: new Map(), to: 0 };
  for (const [index, result] of results.entries()) {
    const item = items[index];
    // Reads and large rooms have no order in a feed that could lack something.
    if (item === undefined || item.kind === 'read') continue;
    for (const { user, next } of result.behind) {
      behind.next.set(user, Math.min(next, behind.next.get(user) ?? next));
      behind.to = Math.max(behind.to, item.seq);
    }
  }
  return behind;
}

/**
 * Brings feeds that lack entries of a room up to what was just forwarded, from the log (G5).
 * Membership at each entry decides who takes it, not today's (trap 2).
 * @returns how many users stay behind: what they lack is kept no longer
 */
export async function catchUp(
  rooms: RoomStore, batcher: ForwardBatcher, flow: RoomFlow, items: readonly ForwardItem[],
  results: readonly ForwardResult[],
): Promise<number> {
  let behind = behindOf(items, results);
  for (let tries = 0; tries < maxTries && behind.next.size > 0; tries += 1) {
    const from = Math.min(...behind.next.values());
    const [[entries], head] = await Promise.all([
      rooms.ranges([{ room: flow.room, from, to: behind.to }]), rooms.head(flow.room),
    ]);
    const [first] = entries ?? [];
    if (entries === undefined || first === undefined || head?.epoch !== flow.epoch) break;
    const members = membershipsOf(await rooms.membersAt(flow.room, first.seq));
    const largeAt = head.large ? entries.find(({ kind }) => kind === 'large')?.seq : undefined;
    const wasLarge = head.large && largeAt === undefined && first.kind !== 'create';
    const { next } = behind;
    const again = spread(flow.room, flow.epoch, entries, wasLarge, members).items
      .map((item) => ({
        ...item, users: item.users.filter(({ user }) => item.seq >= (next.get(user) ?? Infinity)),
      }))
      .filter(({ users }) => users.length > 0);
    if (again.length === 0) break;
    behind = behindOf(again, await batcher.forward(again));
  }
  return behind.next.size;
}
