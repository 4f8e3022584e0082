import Type from 'typebox';
import { defineEvent } from '../rpc/method.js';
import { At, Cursor, strict, UserId } from './schemas.js';
import { ProfileSchema } from './user-schemas.js';

const example = { at: 1_700_000_000_000 };

export const presenceChanged = defineEvent({
  name: 'presence.changed',
  summary: 'A watched user came online or went offline: one event a real change (G8).',
  params: strict({ at: At, user: UserId, online: Type.Boolean(), lastSeen: Type.Optional(At) }),
  example: { ...example, user: 'Fedir', online: false, lastSeen: 1_700_000_000_000 },
});

export const userUpdated = defineEvent({
  name: 'user.updated',
  summary: 'The profile of the caller changed.',
  params: strict({ ...ProfileSchema.properties, at: At, cursor: Type.Optional(Cursor) }),
  example: {
    ...example, user: 'Simon', role: 'admin', groups: [], active: true, blocked: false,
  },
});

export const serverDraining = defineEvent({
  name: 'server.draining',
  summary: 'This node stops: reconnect after afterMs, to reconnectTo where it is named.',
  params: strict({
    at: At,
    reconnectTo: Type.Optional(Type.String({ description: 'public URL of a live node' })),
    afterMs: Type.Integer({ minimum: 0, description: 'the session\'s own moment to move' }),
  }),
  example: { ...example, reconnectTo: 'https://two.example/rpc', afterMs: 250 },
});
