import type { LogEntry } from '../store/entry.js';
import type { Member } from '../store/rooms.js';

/** Who holds a membership, with the seq at which it begins. */
export type Memberships = Map<string, number>;

/** Members as the store says who held the entry at a seq. */
export const membershipsOf = (members: readonly Member[]): Memberships =>
  new Map(members.map(({ user, since }) => [user, since]));

/**
 * Moves memberships on over one entry, and says who takes it: those whose interval holds its seq,
 * the adding and the removing entry included (trap 2).
 * @param members as they were after the entry before; changed to what they are after this one
 */
export function takersOf(
  members: Memberships, entry: LogEntry,
): { user: string; since: number }[] {
  if (entry.kind === 'create') {
    for (const user of entry.members) members.set(user, entry.seq);
  } else if (entry.kind === 'add') {
    members.set(entry.user, entry.seq);
  }
  const takers = [...members].map(([user, since]) => ({ user, since }));
  if (entry.kind === 'remove') members.delete(entry.user);
  else if (entry.kind === 'purge') members.clear();
  return takers;
}

/**
 * Who takes an entry of a large room or channel into their feed: only those whose own membership
 * it changes, and everybody when the room becomes large or ends, which {@link takersOf} answers.
 */
export function largeTakersOf(entry: LogEntry): { user: string; since: number }[] {
  switch (entry.kind) {
    case 'create':
      return entry.members.map((user) => ({ user, since: entry.seq }));
    case 'add':
    case 'remove':
      return [{ user: entry.user, since: entry.seq }];
    default:
      return [];
  }
}
