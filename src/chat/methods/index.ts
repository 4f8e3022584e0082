import type { Registry } from '../../rpc/registry.js';
import type { Chat } from '../chat.js';
import {
  feedReset, messageCreated, messageDeleted, messageEdited, messageReceipt, messageTyped,
  roomCreated, roomDeleted, roomMemberAdded, roomMemberRemoved, roomUpdated, sessionExpiring,
  sessionOpened, unreadChanged,
} from '../feed-events.js';
import { presenceChanged, serverDraining, userUpdated } from '../people-events.js';
import { accessExplain } from './access-explain.js';
import { feedClose } from './feed-close.js';
import { feedOpen } from './feed-open.js';
import { feedRead } from './feed-read.js';
import { feedSubscribe } from './feed-subscribe.js';
import { feedUnsubscribe } from './feed-unsubscribe.js';
import { groupBroadcast } from './group-broadcast.js';
import { groupAddUsers, groupRemoveUsers } from './group-members.js';
import {
  groupCreate, groupDelete, groupGet, groupList, groupUpdate,
} from './groups.js';
import { messageDelete } from './message-delete.js';
import { messageEdit } from './message-edit.js';
import { messageHistory } from './message-history.js';
import { messageRead } from './message-read.js';
import { messageSearch } from './message-search.js';
import { messageSend } from './message-send.js';
import { messageTyping } from './message-typing.js';
import { presenceQuery } from './presence-query.js';
import { presenceSubscribe } from './presence-subscribe.js';
import { presenceUnsubscribe } from './presence-unsubscribe.js';
import { roomAddMember } from './room-add-member.js';
import { roomCreate } from './room-create.js';
import { roomDelete } from './room-delete.js';
import { roomDirect } from './room-direct.js';
import { roomGet } from './room-get.js';
import { roomLeave } from './room-leave.js';
import { roomList } from './room-list.js';
import { roomMembers } from './room-members.js';
import { roomRemoveMember } from './room-remove-member.js';
import { roomSubscribe } from './room-subscribe.js';
import { roomUnsubscribe } from './room-unsubscribe.js';
import { roomUpdate } from './room-update.js';
import { serverInfo } from './server-info.js';
import { serverStats } from './server-stats.js';
import { sessionAuthenticate } from './session-authenticate.js';
import { sessionLogout } from './session-logout.js';
import { sessionRevoke } from './session-revoke.js';
import { userBlock, userUnblock } from './user-block.js';
import { userContacts } from './user-contacts.js';
import { userGet } from './user-get.js';
import { userImport } from './user-import.js';
import { userList } from './user-list.js';
import { userUpdate } from './user-update.js';

/** Every method and event of the chat, in the order of protocol.md. A new method is one line. */
export function registerMethods(registry: Registry<Chat>): Registry<Chat> {
  addMethods(registry);
  return registry
    .event(messageCreated).event(messageEdited).event(messageDeleted)
    .event(messageReceipt).event(messageTyped)
    .event(roomCreated).event(roomUpdated).event(roomDeleted)
    .event(roomMemberAdded).event(roomMemberRemoved)
    .event(presenceChanged).event(unreadChanged).event(userUpdated)
    .event(sessionOpened).event(sessionExpiring).event(feedReset).event(serverDraining);
}

function addMethods(registry: Registry<Chat>): void {
  registry
    .method(sessionAuthenticate).method(sessionLogout)
    .method(feedOpen).method(feedClose).method(feedRead)
    .method(feedSubscribe).method(feedUnsubscribe)
    .method(roomCreate).method(roomDirect).method(roomGet).method(roomList).method(roomUpdate)
    .method(roomAddMember).method(roomRemoveMember).method(roomLeave).method(roomMembers)
    .method(roomDelete).method(roomSubscribe).method(roomUnsubscribe)
    .method(messageSend).method(messageHistory).method(messageEdit).method(messageDelete)
    .method(messageRead).method(messageTyping).method(messageSearch)
    .method(presenceQuery).method(presenceSubscribe).method(presenceUnsubscribe)
    .method(groupCreate).method(groupGet).method(groupList).method(groupUpdate)
    .method(groupDelete).method(groupAddUsers).method(groupRemoveUsers).method(groupBroadcast)
    .method(userGet).method(userList).method(userUpdate)
    .method(userImport).method(userContacts).method(userBlock).method(userUnblock)
    .method(sessionRevoke)
    .method(serverInfo).method(serverStats).method(accessExplain);
}
