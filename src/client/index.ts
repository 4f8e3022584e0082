import { RawClient } from './client.js';
import type { ChatEvents, ChatMethods, Client, ClientOptions } from './types.js';

/**
 * Connects to a server, and stays connected until closed.
 *
 * ```ts
 * const client = createClient({ url: 'http://127.0.0.1:8080/rpc', token: 'Simon' });
 * client.on('message.created', ({ room, from, text }) => console.log(room, from, text));
 * await client.call('message.send', { room: 'First chat', text: 'Hi' });
 * ```
 * @typeParam Methods an application's own: `{ 'shop.buy': { params: …; result: … } }`
 * @typeParam Events likewise: `{ 'shop.sold': … }`
 * @throws TypeError for options without a URL, or with one that is none
 */
export function createClient<Methods = unknown, Events = unknown>(
  options: ClientOptions,
): Client<ChatMethods & Methods, ChatEvents & Events> {
  // The schemas that these types are made from are what the server checks by.
  return new RawClient(options) as Client<ChatMethods & Methods, ChatEvents & Events>;
}

export { CallError, ClientError, type ClientErrorReason } from './errors.js';
export type { FeedReset } from './feed-session.js';
export type { RoomPosition } from './feed.js';
export type * from './types.js';
