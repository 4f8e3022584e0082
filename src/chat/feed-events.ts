import Type from 'typebox';
import { defineEvent } from '../rpc/method.js';
import {
  At, Cursor, Epoch, Kind, MessageEventSchema, Place, RoomId, Seq, StateSchema, Text, Title,
  UserId, strict,
} from './schemas.js';

/** What is an entry of a room's log; large rooms and channels have no cursor. */
const entry = {
  room: RoomId, seq: Seq, epoch: Epoch, at: At, by: Type.Optional(UserId),
};
const ofFeed = { cursor: Type.Optional(Cursor) };
const place = { room: 'plans', seq: 7, epoch: 'r4Vx0', at: 1_700_000_000_000 };
const cursor = 'Qm9v.4';

export const messageCreated = defineEvent({
  name: 'message.created',
  summary: 'A message; its sender\'s own connections see the key that it was sent under.',
  params: MessageEventSchema,
  example: { ...place, from: 'Simon', text: 'Hi Fedir', cursor },
});

export const messageEdited = defineEvent({
  name: 'message.edited',
  summary: 'The message `target` has another text; none where it was deleted since.',
  params: strict({ ...entry, target: Seq, text: Type.Optional(Text), ...ofFeed }),
  example: { ...place, by: 'Simon', target: 5, text: 'Hello', cursor },
});

export const messageDeleted = defineEvent({
  name: 'message.deleted',
  summary: 'The text of the message `target` is gone.',
  params: strict({ ...entry, target: Seq, ...ofFeed }),
  example: { ...place, by: 'Simon', target: 5, cursor },
});

export const messageReceipt = defineEvent({
  name: 'message.receipt',
  summary: 'How far a member of a small room has read: state, the latest wins.',
  params: strict({ room: RoomId, user: UserId, read: Place, at: At, ...ofFeed }),
  example: { room: 'plans', user: 'Fedir', read: 7, at: place.at, cursor },
});

export const messageTyped = defineEvent({
  name: 'message.typed',
  summary: 'A member is writing; shown for 5 s, kept nowhere.',
  params: strict({ room: RoomId, user: UserId, at: At }),
  example: { room: 'plans', user: 'Fedir', at: place.at },
});

export const roomCreated = defineEvent({
  name: 'room.created',
  summary: 'A room was made, with the caller among its first members.',
  params: strict({
    ...entry, kind: Kind, title: Type.Optional(Title), members: Type.Integer(),
    key: Type.Optional(Type.String()), ...ofFeed,
  }),
  example: { ...place, seq: 1, by: 'Simon', kind: 'group', title: 'Plans', members: 2, cursor },
});

export const roomUpdated = defineEvent({
  name: 'room.updated',
  summary: 'A room has another title, has become large from this seq on, or changed otherwise.',
  params: strict({
    ...entry, title: Type.Optional(Title), large: Type.Optional(Type.Literal(true)), ...ofFeed,
  }),
  example: { ...place, by: 'Simon', title: 'New plans', cursor },
});

export const roomDeleted = defineEvent({
  name: 'room.deleted',
  summary: 'A room is gone with all that was written.',
  params: strict({ ...entry, ...ofFeed }),
  example: { ...place, by: 'Simon', cursor },
});

export const roomMemberAdded = defineEvent({
  name: 'room.memberAdded',
  summary: 'A user is in a room from this seq on.',
  params: strict({ ...entry, user: UserId, ...ofFeed }),
  example: { ...place, by: 'Simon', user: 'Fedir', cursor },
});

export const roomMemberRemoved = defineEvent({
  name: 'room.memberRemoved',
  summary: 'A user is in a room no longer; the removed user is told too.',
  params: strict({ ...entry, user: UserId, ...ofFeed }),
  example: { ...place, by: 'Simon', user: 'Fedir', cursor },
});

export const unreadChanged = defineEvent({
  name: 'unread.changed',
  summary: 'What is unread in a room, and in all; a cursor where own reading elsewhere caused it.',
  params: strict({
    room: RoomId, unread: Type.Integer(), total: Type.Integer(), at: At, ...ofFeed,
  }),
  example: { room: 'plans', unread: 1, total: 3, at: place.at },
});

export const feedReset = defineEvent({
  name: 'feed.reset',
  summary: 'The feed, or a subscribed channel, can\'t go on from where it was.',
  params: strict({
    at: At, cursor: Type.Optional(Cursor), state: Type.Optional(StateSchema),
    room: Type.Optional(RoomId), seq: Type.Optional(Place), epoch: Type.Optional(Epoch),
  }),
  example: { at: place.at, cursor, state: { rooms: [], total: 0 } },
});

export const sessionOpened = defineEvent({
  name: 'session.opened',
  summary: 'First event of an event stream: the session that POST calls can act on.',
  params: strict({ at: At, session: Type.String() }),
  example: { at: place.at, session: 'Yb3kq9' },
});

export const sessionExpiring = defineEvent({
  name: 'session.expiring',
  summary: 'The identity of this connection ends soon: authenticate again.',
  params: strict({ at: At, expiresAt: At }),
  example: { at: place.at, expiresAt: 1_700_000_060_000 },
});
