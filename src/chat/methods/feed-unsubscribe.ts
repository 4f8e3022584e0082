import Type from 'typebox';
import { notFound } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { strict } from '../schemas.js';

export const feedUnsubscribe = defineMethod<Chat>()({
  name: 'feed_unsubscribe',
  summary: 'Ends a subscription of this connection.',
  params: strict({ subscription: Type.String() }),
  result: Type.Literal(true),
  access: 'identity',
  needsPush: true,
  example: {
    setup: [{ method: 'feed_subscribe', params: ['user'] }],
    params: { subscription: 'mS1gqzN4aV8w' },
    result: true,
  },
  handler(call, { subscription }): true {
    const { hub } = call.app;
    const ended = hub.closeFeed(call.session, subscription)
      || hub.unwatchRoom(call.session, undefined, subscription);
    if (!ended) throw notFound();
    return true;
  },
});
