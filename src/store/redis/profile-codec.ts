import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Profile, Revocation } from '../users.js';
import { corrupted } from './entry-codec.js';

const text = Type.Optional(Type.String());

/** What of a profile is kept as JSON; the rest are fields of their own, for scripts to see. */
const kept = Compile(Type.Object({
  login: text, name: text, surname: text, patronymic: text, role: text,
  groups: Type.Array(Type.String()), active: Type.Boolean(),
  setHere: Type.Optional(Type.Array(Type.String())),
}));

const logged = Compile(Type.Object({
  tenant: Type.String(), user: text, tokenId: text, at: Type.Number(), blocked: Type.Boolean(),
}));

export function profileText(profile: Profile): string {
  const { login, name, surname, patronymic, role, groups, active } = profile;
  const setHere = profile.setHere?.length === 0 ? undefined : profile.setHere;
  return JSON.stringify({ login, name, surname, patronymic, role, groups, active, setHere });
}

export function parseProfile(user: string, json: string): Profile | undefined {
  const value: unknown = JSON.parse(json);
  if (!kept.Check(value)) return undefined;
  return { user, ...value, blocked: false, revokedBefore: 0, lastSeen: 0, version: 0 };
}

/** Numbers of one millisecond that a place in the log can tell apart. */
const perMs = 1_000;

/** @param id of the log's entry: `<ms>-<n>` */
export function parseRevocation(id: string, json: string): Revocation {
  const value: unknown = JSON.parse(json);
  if (!logged.Check(value)) throw corrupted('revocation');
  const [ms, n] = id.split('-').map(Number);
  return { n: (ms ?? 0) * perMs + Math.min(n ?? 0, perMs - 1), ...value };
}
