import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { None, RoomId, strict } from '../schemas.js';
import { roomOf } from '../write.js';

/** The same answer whether it was listened to or is there at all (G11). */
export const roomUnsubscribe = defineMethod<Chat>()({
  name: 'room.unsubscribe',
  summary: 'Ends listening to a channel.',
  params: strict({ room: RoomId }),
  result: None,
  access: 'identity',
  needsPush: true,
  example: {
    setup: [
      { method: 'room.create', params: { room: 'old-news-example', kind: 'channel' } },
      { method: 'room.subscribe', params: { room: 'old-news-example' } },
    ],
    params: { room: 'old-news-example' },
    result: {},
  },
  handler(call, { room }) {
    call.app.hub.unwatchRoom(call.session, roomOf(call, room));
    return {};
  },
});
