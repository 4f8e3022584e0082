import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { userKey, type UserKey } from '../../base/ids.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { pageSize } from '../checks.js';
import { contactsOf, contactName, type Contact } from '../contacts.js';
import { fitting } from '../fit.js';
import { rowsJson } from '../room-rows.js';
import { At, Limit, MessageSchema, Page, RoomId, strict, UserId } from '../schemas.js';
import { decodePlace, encodePlace, orders, placeOf } from '../contact-order.js';
import { reading } from '../write.js';

const usualPage = 50;

const ContactSchema = strict({
  user: UserId,
  login: Type.String({ description: 'the user\'s id where none is known' }),
  name: Type.String({ description: 'given and family name; the login where none is known' }),
  role: Type.String(),
  online: Type.Boolean(),
  room: Type.Optional(RoomId),
  unread: Type.Integer({ minimum: 0 }),
  lastMessage: Type.Optional(MessageSchema),
  lastAt: Type.Optional(At),
});

/** Active users of a role that the caller may write to, and nobody else (G11). */
export const userContacts = defineMethod<Chat>()({
  name: 'user.contacts',
  summary: 'Those whom the caller may write to, with what is unread and who is there.',
  params: strict({
    query: Type.Optional(Type.String({ maxLength: 200, description: 'part of a login or name' })),
    sort: Type.Optional(Type.Union(
      [Type.Literal('recent'), Type.Literal('unread'), Type.Literal('login')],
      { description: 'recent where absent' },
    )),
    limit: Type.Optional(Limit),
    page: Type.Optional(Page),
  }),
  result: strict({ contacts: Type.Array(ContactSchema), page: Type.Optional(Page) }),
  access: 'identity',
  example: { params: { query: 'nobody is called this' }, result: { contacts: [] } },
  async handler(call, { query = '', sort = 'recent', limit, page }) {
    const { app, identity, limits } = call;
    const size = pageSize(limits, limit, usualPage);
    const order = orders[sort];
    const after = page === undefined ? undefined : decodePlace(page);
    const user = userKey(identity.tenant, identity.user);
    await app.forwarder.settled(user);
    const all = (await reading(contactsOf(call, query.toLowerCase())))
      .sort((a, b) => order(placeOf(a), placeOf(b)))
      .filter((contact) => after === undefined || order(placeOf(contact), after) > 0);
    const shown = all.slice(0, size);
    const rendered = await reading(rendering(app, identity.tenant, user, shown));
    const fits = fitting(rendered, limits.maxAnswerBytes);
    const last = shown[fits - 1];
    const more = last !== undefined && fits < all.length;
    return compact({
      contacts: rendered.slice(0, fits), page: more ? encodePlace(placeOf(last)) : undefined,
    });
  },
});

async function rendering(
  app: Chat, tenant: string, user: UserKey, contacts: readonly Contact[],
) {
  const rows = contacts.flatMap(({ row }) => (row === undefined ? [] : [row]));
  const [presences, rooms] = await Promise.all([
    app.directory.query(contacts.map(({ profile }) => userKey(tenant, profile.user))),
    rowsJson(app.store.rooms, user, rows),
  ]);
  const byRoom = new Map(rooms.map((room) => [room?.room, room]));
  return contacts.map(({ profile, role, row, unread }, index) => {
    const room = row === undefined ? undefined : byRoom.get(row.id);
    return compact({
      user: profile.user,
      login: profile.login ?? profile.user,
      name: contactName(profile),
      role,
      online: presences[index]?.online ?? false,
      room: room?.room,
      unread,
      lastMessage: room?.lastMessage,
      lastAt: room?.lastAt,
    });
  });
}
