import { RawClient } from './client.js';
import type { ClientOptions } from './types.js';

/** Connects to a server, and stays connected until closed. */
export const createClient = (options: ClientOptions): RawClient => new RawClient(options);

export { CallError, ClientError, type ClientErrorReason } from './errors.js';
export type { FeedReset } from './feed-session.js';
export type { RoomPosition } from './feed.js';
export type * from './types.js';
