import type { RoomKey, UserKey } from '../../../../src/base/ids.js';
import type { LogEntry } from '../../../../src/store/entry.js';
import type { ForwardItem } from '../../../../src/store/feeds.js';
import type { Store } from '../../../../src/store/store.js';
import { idOf, tenantOf, userKey } from '../../../../src/base/ids.js';

/** What the forwarder would make of a log entry of a small room. */
export const entryItem = (
  room: RoomKey, epoch: string, entry: LogEntry, users: readonly UserKey[], since = 1,
): ForwardItem => ({
  room, epoch, seq: entry.seq, kind: entry.kind, count: entry.count, at: entry.at, by: entry.by,
  version: 0, event: { method: entry.kind, params: `{"seq":${entry.seq}}` }, large: false,
  ...('user' in entry ? { subject: entry.user } : {}),
  users: users.map((user) => ({ user, since })),
});

/** Forwards all that is pending, each entry to those who were members at it (trap 2). */
export async function forwardPending(store: Store): Promise<number> {
  const pending = await store.rooms.pending(0, 1_000);
  for (const { room } of pending) {
    const head = await store.rooms.head(room);
    const forwarded = await store.rooms.forwarded(room);
    if (head === undefined) continue;
    const [log] = await store.rooms.ranges([{ room, from: forwarded.seq + 1, to: head.seq }]);
    for (const entry of log ?? []) {
      const members = await store.rooms.membersAt(room, entry.seq);
      await store.feeds.forward([{
        ...entryItem(room, head.epoch, entry, []), large: head.large,
        users: members.map(({ user, since }) => ({ user: userKey(tenantOf(room), user), since })),
      }]);
    }
    for (const move of await store.rooms.readsAfter(room, forwarded.reads, 1_000)) {
      const members = await store.rooms.members(room, '', 1_000);
      const reader = members.find(({ user }) => user === move.user);
      if (reader === undefined) continue;
      const others = members.filter(({ user }) => user !== move.user);
      await store.feeds.forward([{
        room, epoch: head.epoch, seq: head.seq, kind: 'read', count: move.count, at: move.at,
        by: idOf(userKey(tenantOf(room), move.user)), version: move.version, large: head.large,
        event: { method: 'message.receipt', params: '{}' },
        users: [reader, ...others]
          .map(({ user, since }) => ({ user: userKey(tenantOf(room), user), since })),
      }]);
    }
    await store.rooms.settle(room, { seq: head.seq, reads: head.reads }, []);
  }
  return pending.length;
}
