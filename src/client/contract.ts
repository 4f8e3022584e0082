import type { Static, TSchema } from 'typebox';
import type {
  feedReset, messageCreated, messageDeleted, messageEdited, messageReceipt, messageTyped,
  roomCreated, roomDeleted, roomMemberAdded, roomMemberRemoved, roomUpdated, sessionExpiring,
  sessionOpened, unreadChanged,
} from '../chat/feed-events.js';
import type { accessExplain } from '../chat/methods/access-explain.js';
import type { feedClose } from '../chat/methods/feed-close.js';
import type { feedOpen } from '../chat/methods/feed-open.js';
import type { feedRead } from '../chat/methods/feed-read.js';
import type { groupBroadcast } from '../chat/methods/group-broadcast.js';
import type { groupAddUsers, groupRemoveUsers } from '../chat/methods/group-members.js';
import type {
  groupCreate, groupDelete, groupGet, groupList, groupUpdate,
} from '../chat/methods/groups.js';
import type { messageDelete } from '../chat/methods/message-delete.js';
import type { messageEdit } from '../chat/methods/message-edit.js';
import type { messageHistory } from '../chat/methods/message-history.js';
import type { messageRead } from '../chat/methods/message-read.js';
import type { messageSearch } from '../chat/methods/message-search.js';
import type { messageSend } from '../chat/methods/message-send.js';
import type { messageTyping } from '../chat/methods/message-typing.js';
import type { presenceQuery } from '../chat/methods/presence-query.js';
import type { presenceSubscribe } from '../chat/methods/presence-subscribe.js';
import type { presenceUnsubscribe } from '../chat/methods/presence-unsubscribe.js';
import type { roomAddMember } from '../chat/methods/room-add-member.js';
import type { roomCreate } from '../chat/methods/room-create.js';
import type { roomDelete } from '../chat/methods/room-delete.js';
import type { roomDirect } from '../chat/methods/room-direct.js';
import type { roomGet } from '../chat/methods/room-get.js';
import type { roomLeave } from '../chat/methods/room-leave.js';
import type { roomList } from '../chat/methods/room-list.js';
import type { roomMembers } from '../chat/methods/room-members.js';
import type { roomRemoveMember } from '../chat/methods/room-remove-member.js';
import type { roomSubscribe } from '../chat/methods/room-subscribe.js';
import type { roomUnsubscribe } from '../chat/methods/room-unsubscribe.js';
import type { roomUpdate } from '../chat/methods/room-update.js';
import type { serverInfo } from '../chat/methods/server-info.js';
import type { serverStats } from '../chat/methods/server-stats.js';
import type { sessionAuthenticate } from '../chat/methods/session-authenticate.js';
import type { sessionLogout } from '../chat/methods/session-logout.js';
import type { sessionRevoke } from '../chat/methods/session-revoke.js';
import type { userBlock, userUnblock } from '../chat/methods/user-block.js';
import type { userContacts } from '../chat/methods/user-contacts.js';
import type { userGet } from '../chat/methods/user-get.js';
import type { userImport } from '../chat/methods/user-import.js';
import type { userList } from '../chat/methods/user-list.js';
import type { userUpdate } from '../chat/methods/user-update.js';
import type { presenceChanged, serverDraining, userUpdated } from '../chat/people-events.js';

// Types alone: the schemas they are made from stay on the server.

interface MethodSchemas {
  readonly params: TSchema;
  readonly result: TSchema;
}

/** A method's params and result, from the schemas that the server checks by. */
interface Of<M extends MethodSchemas> {
  readonly params: Static<M['params']>;
  readonly result: Static<M['result']>;
}

/** The methods of the protocol, by name. */
export interface ChatMethods {
  'session.authenticate': Of<typeof sessionAuthenticate>;
  'session.logout': Of<typeof sessionLogout>;
  'session.revoke': Of<typeof sessionRevoke>;
  'feed.open': Of<typeof feedOpen>;
  'feed.close': Of<typeof feedClose>;
  'feed.read': Of<typeof feedRead>;
  'room.create': Of<typeof roomCreate>;
  'room.direct': Of<typeof roomDirect>;
  'room.get': Of<typeof roomGet>;
  'room.list': Of<typeof roomList>;
  'room.update': Of<typeof roomUpdate>;
  'room.addMember': Of<typeof roomAddMember>;
  'room.removeMember': Of<typeof roomRemoveMember>;
  'room.leave': Of<typeof roomLeave>;
  'room.members': Of<typeof roomMembers>;
  'room.delete': Of<typeof roomDelete>;
  'room.subscribe': Of<typeof roomSubscribe>;
  'room.unsubscribe': Of<typeof roomUnsubscribe>;
  'message.send': Of<typeof messageSend>;
  'message.history': Of<typeof messageHistory>;
  'message.edit': Of<typeof messageEdit>;
  'message.delete': Of<typeof messageDelete>;
  'message.read': Of<typeof messageRead>;
  'message.typing': Of<typeof messageTyping>;
  'message.search': Of<typeof messageSearch>;
  'presence.query': Of<typeof presenceQuery>;
  'presence.subscribe': Of<typeof presenceSubscribe>;
  'presence.unsubscribe': Of<typeof presenceUnsubscribe>;
  'group.create': Of<typeof groupCreate>;
  'group.get': Of<typeof groupGet>;
  'group.list': Of<typeof groupList>;
  'group.update': Of<typeof groupUpdate>;
  'group.delete': Of<typeof groupDelete>;
  'group.addUsers': Of<typeof groupAddUsers>;
  'group.removeUsers': Of<typeof groupRemoveUsers>;
  'group.broadcast': Of<typeof groupBroadcast>;
  'user.get': Of<typeof userGet>;
  'user.list': Of<typeof userList>;
  'user.update': Of<typeof userUpdate>;
  'user.import': Of<typeof userImport>;
  'user.contacts': Of<typeof userContacts>;
  'user.block': Of<typeof userBlock>;
  'user.unblock': Of<typeof userUnblock>;
  'server.info': Of<typeof serverInfo>;
  'server.stats': Of<typeof serverStats>;
  'access.explain': Of<typeof accessExplain>;
}

type ParamsOf<E extends { readonly params: TSchema }> = Static<E['params']>;

/** The events of the protocol, by name. */
export interface ChatEvents {
  'message.created': ParamsOf<typeof messageCreated>;
  'message.edited': ParamsOf<typeof messageEdited>;
  'message.deleted': ParamsOf<typeof messageDeleted>;
  'message.receipt': ParamsOf<typeof messageReceipt>;
  'message.typed': ParamsOf<typeof messageTyped>;
  'room.created': ParamsOf<typeof roomCreated>;
  'room.updated': ParamsOf<typeof roomUpdated>;
  'room.deleted': ParamsOf<typeof roomDeleted>;
  'room.memberAdded': ParamsOf<typeof roomMemberAdded>;
  'room.memberRemoved': ParamsOf<typeof roomMemberRemoved>;
  'presence.changed': ParamsOf<typeof presenceChanged>;
  'unread.changed': ParamsOf<typeof unreadChanged>;
  'user.updated': ParamsOf<typeof userUpdated>;
  'session.opened': ParamsOf<typeof sessionOpened>;
  'session.expiring': ParamsOf<typeof sessionExpiring>;
  'feed.reset': ParamsOf<typeof feedReset>;
  'server.draining': ParamsOf<typeof serverDraining>;
}
