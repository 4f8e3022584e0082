import type { RoomKind } from '../../store/entry.js';

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

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
  /** Kinds of rooms that this role writes in; all where absent. */
  readonly writesIn?: readonly RoomKind[];
  /** Params of a method that this role may not give, where it may call it otherwise. */
  readonly withheld?: Readonly<Record<string, readonly string[]>>;
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
  /** Age up to which a message counts as new while it is unread; for ever where absent. */
  readonly newWithinMs?: number;
  /** The shortest history that a room may be given; any where absent. */
  readonly minHistoryMs?: number;
  /** Everything unread is marked as read when the user's last session logs out. */
  readonly readOnLogout?: boolean;
  /** Likewise when no session of the user made a call for so long; never where absent. */
  readonly readWhenIdleMs?: number;
  /** A user's role is remembered from the token they first sign in with: others need it. */
  readonly remembersRoles?: boolean;
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
  'user.unblock', 'group.*', 'audit.*', 'webhook.*',
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

/**
 * A call centre: operators turn to supervisors and admins, and to nobody else. Operators are given
 * what is named, so that a new method is closed to them until somebody decides otherwise.
 */
export const callCenterPolicy: Policy = {
  name: 'call-center',
  roles: {
    admin: { calls: ['*'], except: [], administers: true, writesTo: ['*'] },
    supervisor: {
      calls: ['*'],
      // Blocking by no road: a role or the active flag would keep somebody out just as well.
      except: ['user.block', 'user.unblock', 'user.import', 'session.revoke'],
      withheld: { 'user.update': ['role', 'active'] },
      administers: true,
      writesTo: ['*'],
    },
    operator: {
      calls: [
        'session.authenticate', 'session.logout', 'server.info', 'feed.*', 'feed_subscribe',
        'feed_unsubscribe', 'room.direct', 'room.get', 'room.list', 'room.members', 'room.leave',
        'room.subscribe', 'room.unsubscribe', 'message.*', 'presence.*', 'user.get', 'user.list',
        'user.contacts',
      ],
      except: [],
      administers: false,
      writesTo: ['admin', 'supervisor'],
      writesIn: ['direct'],
    },
  },
  defaultRole: 'operator',
  rooms: commonRoomRules,
  maxTextCodePoints: 250,
  body: false,
  newWithinMs: dayMs,
  minHistoryMs: 5 * dayMs,
  readOnLogout: true,
  readWhenIdleMs: hourMs,
  remembersRoles: true,
};

/** The presets by name, as `--policy` takes them. */
export const presets = { open: openPolicy, 'call-center': callCenterPolicy } as const;
