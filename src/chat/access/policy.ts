import type { RoomKind } from '../../store/entry.js';

/**
 * Who a rule speaks of.
 * - `anyone`: every user of the tenant; only sensible in channels, which are public.
 * - `member`, `owner`: of the room. `self`: whom the call is about.
 * - `author`: of the message that the call is about.
 * - `administrator`: whose role administers, within rooms that it may know of.
 */
export type Who = 'anyone' | 'member' | 'owner' | 'author' | 'self' | 'administrator';

/** Names of methods; `*` is all of them, `group.*` all of one noun. */
export type MethodPattern = string;

/** What one role may do. */
export interface RoleRules {
  readonly calls: readonly MethodPattern[];
  /** Taken away from `calls` again. */
  readonly except: readonly MethodPattern[];
  readonly administers: boolean;
  /** Roles of those whom this role may write to and sees as contacts; `*`: everybody. */
  readonly writesTo: readonly string[];
}

/** Rules for calls on a room, by its kind; a method that is not here acts on no room. */
export type RoomRules = Readonly<Record<string, Readonly<Record<RoomKind, readonly Who[]>>>>;

/** Rules as data: a preset is one of these, and nothing else has to know of it. */
export interface Policy {
  readonly name: string;
  readonly roles: Readonly<Record<string, RoleRules>>;
  /** The role of whoever has none, or one that the policy does not name. */
  readonly defaultRole: string;
  readonly rooms: RoomRules;
  /** Lower than the limit of the same name; undefined where the limit alone counts. */
  readonly maxTextCodePoints?: number;
  /** Whether messages may carry `body`. */
  readonly body: boolean;
}

const writersOfChannel: readonly Who[] = ['owner', 'administrator'];
const keepers: readonly Who[] = ['owner', 'administrator'];

/** Rules of rooms that every preset shares. */
export const commonRoomRules: RoomRules = {
  'room.get': { group: ['member'], channel: ['anyone'], direct: ['member'] },
  'room.update': { group: keepers, channel: keepers, direct: [] },
  'room.addMember': { group: ['member'], channel: ['member', ...keepers], direct: [] },
  'room.removeMember': { group: [...keepers, 'self'], channel: [...keepers, 'self'], direct: [] },
  'room.leave': { group: ['member'], channel: ['member'], direct: [] },
  'room.members': {
    group: ['member'], channel: ['member', ...keepers], direct: ['member'],
  },
  'room.delete': { group: keepers, channel: keepers, direct: [] },
  'room.subscribe': { group: [], channel: ['anyone'], direct: [] },
  'message.send': { group: ['member'], channel: writersOfChannel, direct: ['member'] },
  'message.history': { group: ['member'], channel: ['anyone'], direct: ['member'] },
  'message.search': { group: ['member'], channel: ['anyone'], direct: ['member'] },
  'message.edit': {
    group: ['author', 'administrator'], channel: ['author', 'administrator'],
    direct: ['author', 'administrator'],
  },
  'message.delete': {
    group: ['author', 'administrator'], channel: ['author', 'administrator'],
    direct: ['author', 'administrator'],
  },
  'message.read': { group: ['member'], channel: ['member'], direct: ['member'] },
  'message.typing': { group: ['member'], channel: writersOfChannel, direct: ['member'] },
};

/** What only administrators call, whatever the preset. */
const administration: readonly MethodPattern[] = [
  'access.explain', 'server.stats', 'session.revoke', 'user.import', 'user.update', 'user.block',
  'user.unblock', 'group.*',
];

/** The default: everybody of a tenant may talk to everybody. */
export const openPolicy: Policy = {
  name: 'open',
  roles: {
    admin: { calls: ['*'], except: [], administers: true, writesTo: ['*'] },
    user: { calls: ['*'], except: administration, administers: false, writesTo: ['*'] },
  },
  defaultRole: 'user',
  rooms: commonRoomRules,
  body: true,
};
