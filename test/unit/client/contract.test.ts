import t from 'tap';
import type { Chat } from '../../../src/chat/chat.js';
import { registerMethods } from '../../../src/chat/methods/index.js';
import { Registry } from '../../../src/rpc/registry.js';
import type { ChatEvents, ChatMethods } from '../../../src/client/index.js';
import { keyedMethods, mayRepeat } from '../../../src/client/retry.js';

// Complete by the compiler: a name too many or too few does not compile.
const methods: Record<keyof ChatMethods, true> = {
  'session.authenticate': true, 'session.logout': true, 'session.revoke': true, 'feed.open': true,
  'feed.close': true, 'feed.read': true, 'room.create': true, 'room.direct': true,
  'room.get': true, 'room.list': true, 'room.update': true, 'room.addMember': true,
  'room.removeMember': true, 'room.leave': true, 'room.members': true, 'room.delete': true,
  'room.subscribe': true, 'room.unsubscribe': true, 'message.send': true,
  'message.history': true, 'message.edit': true, 'message.delete': true, 'message.read': true,
  'message.typing': true, 'message.search': true, 'presence.query': true,
  'presence.subscribe': true, 'presence.unsubscribe': true, 'user.get': true, 'user.list': true,
  'group.create': true, 'group.get': true, 'group.list': true, 'group.update': true,
  'group.delete': true, 'group.addUsers': true, 'group.removeUsers': true,
  'group.broadcast': true,
  'user.update': true, 'user.import': true, 'user.contacts': true, 'user.block': true,
  'user.unblock': true, 'server.info': true, 'server.stats': true, 'access.explain': true,
};
const events: Record<keyof ChatEvents, true> = {
  'message.created': true, 'message.edited': true, 'message.deleted': true,
  'message.receipt': true, 'message.typed': true, 'room.created': true, 'room.updated': true,
  'room.deleted': true, 'room.memberAdded': true, 'room.memberRemoved': true,
  'presence.changed': true, 'unread.changed': true, 'user.updated': true,
  'session.opened': true, 'session.expiring': true, 'feed.reset': true, 'server.draining': true,
};
// The subscription dialect is for other libraries: this client has feed.open.
const untyped = new Set(['rpc.discover', 'feed_subscribe', 'feed_unsubscribe']);

const registry = registerMethods(new Registry<Chat>({ title: 'ringpost', version: '0' }));
const registered = [...registry.methods].map(({ method }) => method);

t.test('the client has a type for every method and event of the server', async (t) => {
  const names = registered.map(({ name }) => name).filter((name) => !untyped.has(name));
  t.same(Object.keys(methods).sort(), names.sort());
  t.same(Object.keys(events).sort(), [...registry.events].map(({ name }) => name).sort());
});

t.test('the client gives a key to every method that takes one (G3)', async (t) => {
  for (const { name, params } of registered) {
    t.equal(keyedMethods.has(name), 'key' in params.properties, name);
    if (!untyped.has(name)) t.ok(mayRepeat(name, {}), `${name} may be sent again`);
  }
});
