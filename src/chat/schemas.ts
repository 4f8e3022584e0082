import Type, { type Static, type TSchema } from 'typebox';

/**
 * The pieces that params and results are made of. They check structure; lengths that can be
 * configured are checked against the limits in force (checks.ts), so that an error can name them.
 */

/** No control characters, no lone surrogates: what every id and key consists of. */
const plain = '^[^\\p{Cc}\\p{Cs}]+$';

const id = (description: string) => Type.String({ pattern: plain, description });

export const UserId = id('id of a user');
export const RoomId = id('id of a room');
export const Key = id('names this call: the same key again is the same call (G3)');
export const Title = Type.String({ description: 'title, for people' });
export const Text = Type.String({ description: 'plain Unicode text with line breaks' });
export const Body = Type.Unknown({ description: 'any JSON value but null' });
export const Cursor = Type.String({ description: 'opaque place in the caller\'s feed' });
export const Page = Type.String({ description: 'where the next page begins, opaque' });
export const At = Type.Integer({ description: 'milliseconds since 1970' });
export const Seq = Type.Integer({ minimum: 1, description: 'place in the room\'s log' });
/** A place in a log that may lie before its first entry. */
export const Place = Type.Integer({ minimum: 0, description: 'place in the room\'s log, or 0' });
export const Epoch = Type.String({ description: 'numbers of another epoch mean nothing here' });
export const Limit = Type.Integer({ minimum: 1, description: 'most rows of the answer' });

/** Structure with nothing unknown in it. */
export const strict = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

export const None = strict({});

export const Kind = Type.Union(
  [Type.Literal('group'), Type.Literal('channel'), Type.Literal('direct')],
  { description: 'direct: the one dialog of two users' },
);

export const HistorySchema = strict({
  maxMessages: Type.Optional(Type.Integer({ minimum: 1 })),
  maxAgeMs: Type.Optional(Type.Integer({ minimum: 1 })),
});

export const RoomSchema = strict({
  room: RoomId,
  kind: Kind,
  title: Type.Optional(Title),
  owner: UserId,
  members: Type.Integer({ description: 'how many' }),
  large: Type.Boolean({ description: 'outside the feed: resumed by its own log' }),
  seq: Place,
  epoch: Epoch,
  createdAt: At,
});

const messageProperties = {
  room: RoomId,
  seq: Seq,
  epoch: Epoch,
  at: At,
  from: UserId,
  text: Type.Optional(Text),
  body: Type.Optional(Body),
  replyTo: Type.Optional(Seq),
  editedAt: Type.Optional(At),
  deleted: Type.Optional(Type.Literal(true)),
  key: Type.Optional(Key),
};

export const MessageSchema = strict(messageProperties);
export const MessageEventSchema = strict({
  ...messageProperties, cursor: Type.Optional(Cursor),
});

export const PositionSchema = strict({ seq: Place, epoch: Epoch });
export const RoomPositions = Type.Record(Type.String(), PositionSchema, {
  description: 'large rooms and channels to go on in, each from a position of its log',
});

export const RoomHeads = Type.Record(
  Type.String(),
  strict({ seq: Place, epoch: Epoch, recovered: Type.Optional(Type.Boolean()) }),
  {
    description: 'large rooms: where each goes on; `recovered` for those that were named',
  },
);

export const RoomRowSchema = strict({
  room: RoomId,
  title: Type.Optional(Title),
  kind: Kind,
  lastMessage: Type.Optional(MessageSchema),
  lastAt: At,
  unread: Type.Integer({ minimum: 0 }),
  peer: Type.Optional(UserId),
});

export const StateSchema = strict({
  rooms: Type.Array(RoomRowSchema),
  total: Type.Integer({ description: 'unread in all small rooms' }),
  page: Type.Optional(Page),
});

export const FeedEventSchema = strict({
  method: Type.String(),
  params: Type.Record(Type.String(), Type.Unknown()),
});

export type RoomJson = Static<typeof RoomSchema>;
export type MessageJson = Static<typeof MessageSchema>;
export type RoomRowJson = Static<typeof RoomRowSchema>;
export type StateJson = Static<typeof StateSchema>;
export type RoomHeadsJson = Static<typeof RoomHeads>;
