import type { RoomKey, UserKey } from '../../base/ids.js';
import {
  connectionsKey, profileKey, roomNodesKey, tokenKey, watchersKey,
} from '../../cluster/keys.js';

/**
 * Keys of the store on a shard. What belongs to a slot starts with its number and a colon, then a
 * letter; `{room}` and `{user}` are whole keys, tenant and NUL included (trap 15). Scripts build
 * them themselves: this is their list, for whoever moves a slot. The cluster's own are in
 * cluster/keys.ts; the Lua file named says how values are packed.
 *
 * | key | type | holds |
 * |---|---|---|
 * | `12:r:{room}` | hash | `h` hot state (room.lua), `k` kind, `o` owner, `t` title, `y` history,
 *   `w` feed shards that are away |
 * | `12:l:{room}` | list | entries `first` … `seq` (room.lua): the place in the list is the seq |
 * | `12:m:{room}` | hash | user → I4 since, I6 at |
 * | `12:s:{room}` | sorted set | members in the order of their ids, of large rooms only |
 * | `12:p:{room}` | hash | user → I4 seq, I4 count, I4 version, I6 at of the read position |
 * | `12:v:{room}` | sorted set | user by version of the last read move |
 * | `12:x:{room}` | list | memberships that ended: I4 until, I4 since, I6 at, user |
 * | `12:f:{user}` | hash | head of the feed, rows, names of rooms in entries (feed.lua) |
 * | `12:e:{user}` | list | entries `floor` + 1 … `n` of the feed (feed.lua) |
 * | `12:z:{user}` | sorted set | room ids by time of the newest message |
 * | `12:g`, `12:k…` | string, hash | what became of calls, by key (call-keys.lua) |
 * | `12:q:{table}`, `12:y:{table}` | hash, sorted set | rows of a table, and their keys in order |
 * | `12:i` | sorted set | all of the slot: `r{room}`, `u{user}`, `j{token}`, `t{table}` |
 *
 * Of the whole shard, to be filled anew from what a slot brings along:
 *
 * | key | type | holds |
 * |---|---|---|
 * | `outbox` | sorted set | `12:{room}` by the time of the mark |
 * | `users:{tenant}` | sorted set | ids of users, in order |
 * | `revocations` | stream | log of revocations, read by every node |
 */
export const outboxKey = 'outbox';
export const usersKey = (tenant: string): string => `users:${tenant}`;
export const revocationsKey = 'revocations';

/** Everything in a slot by name, so that a slot is moved without a scan. */
export const indexKey = (slot: number): string => `${slot}:i`;

export const roomKeys = (slot: number, room: RoomKey): string[] =>
  [...'rlmspvx'].map((letter) => `${slot}:${letter}:${room}`).concat(roomNodesKey(slot, room));

export const userKeys = (slot: number, user: UserKey): string[] => [
  ...[...'fez'].map((letter) => `${slot}:${letter}:${user}`),
  profileKey(slot, user), connectionsKey(slot, user), watchersKey(slot, user),
];

/** Keys that a member of a slot's index stands for. @param member with its letter in front */
export function keysOf(slot: number, member: string): string[] {
  const name = member.slice(1);
  switch (member[0]) {
    case 'r':
      return roomKeys(slot, name as RoomKey);
    case 'u':
      return userKeys(slot, name as UserKey);
    case 't':
      return [`${slot}:q:${name}`, `${slot}:y:${name}`];
    default:
      return [tokenKey(slot, name)];
  }
}
