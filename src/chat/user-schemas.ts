import Type, { type Static } from 'typebox';
import { compact } from '../base/compact.js';
import type { Presence } from '../cluster/directory.js';
import type { Profile } from '../store/users.js';
import { At, strict, UserId } from './schemas.js';

/** Names are shown to people; control characters would be shown to nobody. */
const name = (description: string) =>
  Type.String({ pattern: '^[^\\p{Cc}\\p{Cs}]{1,200}$', description });

/** What a profile holds beside its id, each of which user.update can set. */
export const profileFields = {
  login: Type.Optional(name('name to sign in with')),
  name: Type.Optional(name('given name')),
  surname: Type.Optional(name('family name')),
  patronymic: Type.Optional(name('name after the father')),
  role: Type.Optional(name('role in the policy; wins over the token\'s')),
  active: Type.Optional(Type.Boolean({ description: 'whether the user may sign in' })),
};

export const ProfileSchema = strict({
  user: UserId,
  login: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  surname: Type.Optional(Type.String()),
  patronymic: Type.Optional(Type.String()),
  role: Type.Optional(Type.String({ description: 'absent: as the token says' })),
  groups: Type.Array(Type.String()),
  active: Type.Boolean({ description: 'no contact of anybody, and may not sign in, when false' }),
  blocked: Type.Boolean(),
  lastSeen: Type.Optional(At),
});

export type ProfileJson = Static<typeof ProfileSchema>;

export const PresenceSchema = strict({
  online: Type.Boolean(),
  devices: Type.Integer({ minimum: 0, description: 'connections signed in, over all nodes' }),
  lastSeen: Type.Optional(At),
});

export const PresenceTableSchema = Type.Record(Type.String(), PresenceSchema, {
  description: 'by user id; whom the caller may not see looks like one never seen',
});

/** A profile as methods and events show it. */
export function profileJson(profile: Profile, presence?: Presence): ProfileJson {
  const { user, login, name, surname, patronymic, role, groups, active, blocked } = profile;
  const lastSeen = presence?.lastSeen ?? (profile.lastSeen > 0 ? profile.lastSeen : undefined);
  return compact({
    user, login, name, surname, patronymic, role, groups: [...groups], active, blocked,
    lastSeen: presence?.online === true ? undefined : lastSeen,
  });
}
