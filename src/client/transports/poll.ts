import { Poster } from './http.js';
import type { OpenTransport } from './transport.js';

/**
 * Plain POST calls, for networks that let nothing else through. Nothing is pushed: the feed is
 * read by long-polling (`feed.read` with waitMs).
 */
export const openPoll: OpenTransport = (target, handlers) => {
  const poster = new Poster(target, handlers);
  return Promise.resolve({
    kind: 'poll',
    send: (frame, ordered) => poster.send(frame, ordered),
    refresh: (token) => poster.refresh(token),
    close: () => poster.close(),
  });
};
