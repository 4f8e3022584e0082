import type { Static, TSchema } from 'typebox';
import type { accessExplain } from '../chat/methods/access-explain.js';
import type { presenceQuery } from '../chat/methods/presence-query.js';
import type { presenceSubscribe } from '../chat/methods/presence-subscribe.js';
import type { presenceUnsubscribe } from '../chat/methods/presence-unsubscribe.js';
import type { serverInfo } from '../chat/methods/server-info.js';
import type { serverStats } from '../chat/methods/server-stats.js';
import type { sessionAuthenticate } from '../chat/methods/session-authenticate.js';
import type { sessionLogout } from '../chat/methods/session-logout.js';
import type { sessionRevoke } from '../chat/methods/session-revoke.js';
import type { userGet } from '../chat/methods/user-get.js';
import type { userList } from '../chat/methods/user-list.js';
import type { userUpdate } from '../chat/methods/user-update.js';
import type { presenceChanged, serverDraining, userUpdated } from '../chat/people-events.js';
import type {
  MessageEventSchema, MessageJson, RoomJson, RoomRowJson,
} from '../chat/schemas.js';

// Types alone: the schemas they are made from stay on the server.

interface Schemas {
  readonly params: TSchema;
  readonly result: TSchema;
}

/** A method's params and result, from the schemas that the server checks by. */
interface Of<M extends Schemas> {
  readonly params: Static<M['params']>;
  readonly result: Static<M['result']>;
}

interface Keyed {
  readonly key?: string;
}

/** The methods of the protocol, by name. */
export interface ChatMethods {
  'session.authenticate': Of<typeof sessionAuthenticate>;
  'session.logout': Of<typeof sessionLogout>;
  'session.revoke': Of<typeof sessionRevoke>;
  'room.create': {
    readonly params: Keyed & {
      readonly room?: string; readonly title?: string; readonly members?: string[];
      readonly kind?: 'group' | 'channel';
      readonly history?: { readonly maxMessages?: number; readonly maxAgeMs?: number };
    };
    readonly result: RoomJson;
  };
  'room.addMember': {
    readonly params: Keyed & {
      readonly room: string; readonly user?: string; readonly users?: string[];
    };
    readonly result: { readonly seq: number };
  };
  'room.removeMember': {
    readonly params: Keyed & { readonly room: string; readonly user: string };
    readonly result: { readonly seq: number };
  };
  'room.list': {
    readonly params: {
      readonly limit?: number; readonly page?: string; readonly unreadOnly?: boolean;
    };
    readonly result: { readonly rooms: RoomRowJson[]; readonly page?: string };
  };
  'message.send': {
    readonly params: Keyed & {
      readonly room: string; readonly text?: string; readonly body?: unknown;
      readonly replyTo?: number;
    };
    readonly result: {
      readonly seq: number; readonly epoch: string; readonly at: number;
      readonly duplicate?: boolean;
    };
  };
  'message.history': {
    readonly params: {
      readonly room: string; readonly before?: number; readonly after?: number;
      readonly limit?: number;
    };
    readonly result: {
      readonly messages: MessageJson[]; readonly epoch: string; readonly first: number;
      readonly last: number; readonly more: boolean;
    };
  };
  'message.read': {
    readonly params: Keyed & { readonly room: string; readonly seq: number };
    readonly result: { readonly unread: number };
  };
  'presence.query': Of<typeof presenceQuery>;
  'presence.subscribe': Of<typeof presenceSubscribe>;
  'presence.unsubscribe': Of<typeof presenceUnsubscribe>;
  'user.get': Of<typeof userGet>;
  'user.list': Of<typeof userList>;
  'user.update': Of<typeof userUpdate>;
  'server.info': Of<typeof serverInfo>;
  'server.stats': Of<typeof serverStats>;
  'access.explain': Of<typeof accessExplain>;
}

interface WithParams {
  readonly params: TSchema;
}

type Event<E extends WithParams> = Static<E['params']>;

/** The events of the protocol, by name. */
export interface ChatEvents {
  'message.created': Static<typeof MessageEventSchema>;
  'presence.changed': Event<typeof presenceChanged>;
  'user.updated': Event<typeof userUpdated>;
  'server.draining': Event<typeof serverDraining>;
}
