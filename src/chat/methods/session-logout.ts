import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { None } from '../schemas.js';

/** Presence is left at once, and feed and watches end; the socket stays, without an identity. */
export const sessionLogout = defineMethod<Chat>()({
  name: 'session.logout',
  summary: 'Signs this connection out: its feed and watches end, the socket stays.',
  params: None,
  result: None,
  access: 'identity',
  needsPush: true,
  example: { params: {}, result: {} },
  async handler({ app, session }) {
    await app.people.signOut(session);
    return {};
  },
});
