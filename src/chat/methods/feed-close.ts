import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { None } from '../schemas.js';

export const feedClose = defineMethod<Chat>()({
  name: 'feed.close',
  summary: 'Ends the feed of this connection; its cursor stays good.',
  params: None,
  result: None,
  access: 'identity',
  needsPush: true,
  example: { params: {}, result: {} },
  handler(call) {
    call.app.hub.closeFeed(call.session);
    return {};
  },
});
