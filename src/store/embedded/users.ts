import type { Clock } from '../../base/clock.js';
import { idOf, userKey, type UserKey } from '../../base/ids.js';
import type { Profile, Revocation, UserStore } from '../users.js';
import { ByteReader, corrupted, write } from './codec.js';
import type { Committer, Tx } from './committer.js';
import type { Expiry } from './expiry.js';
import {
  profileKeyOf, profilesAfter, revocationKey, revocationN, revokedTokenKey, tagRange, textOf,
} from './keys.js';
import type { Kv } from './kv.js';

/** How long a revocation stays in the log that nodes read: far longer than they take to. */
const revocationKeptMs = 60 * 60 * 1_000;
const revocationsDroppedAtOnce = 64;

export interface UserParts {
  readonly kv: Kv;
  readonly committer: Committer;
  readonly expiry: Expiry;
  readonly clock: Clock;
}

/** The users on the embedded store; see {@link UserStore} for what is promised. */
export class EmbeddedUsers implements UserStore {
  constructor(private readonly parts: UserParts) {
    parts.expiry.also((tx, nowMs) => dropOldRevocations(tx, nowMs));
  }

  async get(user: UserKey): Promise<Profile | undefined> {
    const bytes = this.parts.kv.get(profileKeyOf(user));
    return bytes === undefined ? undefined : decodeProfile(idOf(user), bytes);
  }

  async many(users: readonly UserKey[]): Promise<(Profile | undefined)[]> {
    return Promise.all(users.map((user) => this.get(user)));
  }

  async update(
    user: UserKey, change: (before: Profile | undefined) => Profile | undefined,
  ): Promise<Profile | undefined> {
    return this.parts.committer.write((tx) => updateProfile(tx, user, change));
  }

  async list(tenant: string, after: string, limit: number): Promise<Profile[]> {
    const prefix = profilesAfter(tenant, '')[0].length - 1;
    return this.parts.kv.range(...profilesAfter(tenant, after), { limit })
      .map(([key, value]) => decodeProfile(textOf(key.slice(prefix)), value));
  }

  async revoke(
    tenant: string, target: { user: string } | { tokenId: string }, at: number, until: number,
    blocked: boolean,
  ): Promise<void> {
    await this.parts.committer.write((tx) => {
      const [last] = tx.range(...tagRange('z'), { reverse: true, limit: 1 });
      const n = last === undefined ? 1 : revocationN(last[0]) + 1;
      tx.put(revocationKey(n), encodeRevocation({ tenant, ...target, at, blocked }));
      if ('tokenId' in target) {
        const key = revokedTokenKey(tenant, target.tokenId);
        tx.put(key, write.start().number(until).end());
        this.parts.expiry.note(key, until);
        return;
      }
      // In the same step, so that nobody signs in between the two (trap 6).
      updateProfile(tx, userKey(tenant, target.user), (before) => ({
        ...before ?? newProfile(target.user),
        revokedBefore: Math.max(before?.revokedBefore ?? 0, at),
        blocked: blocked || (before?.blocked ?? false),
      }));
    });
  }

  async tokenRevoked(tenant: string, tokenId: string): Promise<boolean> {
    const bytes = this.parts.kv.get(revokedTokenKey(tenant, tokenId));
    if (bytes === undefined) return false;
    return new ByteReader(bytes, 'revoked token').number() > this.parts.clock.now();
  }

  async revocationsAfter(seen: string): Promise<{ revocations: Revocation[]; seen: string }> {
    const after = /^\d{1,14}$/.test(seen) ? Number(seen) : 0;
    const revocations = this.parts.kv.range(revocationKey(after + 1), tagRange('z')[1])
      .map(([key, value]) => decodeRevocation(revocationN(key), value));
    return { revocations, seen: String(revocations.at(-1)?.n ?? after) };
  }
}

const newProfile = (user: string): Profile => ({
  user, groups: [], active: true, blocked: false, revokedBefore: 0, lastSeen: 0, version: 0,
});

function updateProfile(
  tx: Tx, user: UserKey, change: (before: Profile | undefined) => Profile | undefined,
): Profile | undefined {
  const bytes = tx.get(profileKeyOf(user));
  const before = bytes === undefined ? undefined : decodeProfile(idOf(user), bytes);
  const changed = change(before);
  if (changed === undefined) return before;
  const after = { ...changed, version: (before?.version ?? 0) + 1 };
  tx.put(profileKeyOf(user), encodeProfile(after));
  return after;
}

function dropOldRevocations(tx: Tx, nowMs: number): boolean {
  const [from, to] = tagRange('z');
  const oldest = tx.range(from, to, { limit: revocationsDroppedAtOnce });
  let dropped = 0;
  // The newest stays, so that numbers are never used twice.
  const [newest] = oldest.length === 0 ? [] : tx.range(from, to, { reverse: true, limit: 1 });
  for (const [key, value] of oldest) {
    const { at } = decodeRevocation(0, value);
    if (at + revocationKeptMs > nowMs || newest === undefined || key === newest[0]) break;
    tx.remove(key);
    dropped++;
  }
  return dropped === revocationsDroppedAtOnce;
}

const optional = ['login', 'name', 'surname', 'patronymic', 'role'] as const;

export function encodeProfile(profile: Profile): Buffer {
  write.start().byte((profile.active ? 1 : 0) | (profile.blocked ? 2 : 0))
    .byte(optional.reduce((flags, name, bit) =>
      profile[name] === undefined ? flags : flags | 1 << bit, 0));
  for (const name of optional) {
    const value = profile[name];
    if (value !== undefined) write.text(value);
  }
  write.number(profile.groups.length);
  for (const group of profile.groups) write.text(group);
  write.number(profile.revokedBefore).number(profile.lastSeen).number(profile.version);
  const { setHere = [] } = profile;
  if (setHere.length > 0) write.number(setHere.length);
  for (const field of setHere) write.text(field);
  return write.end();
}

export function decodeProfile(user: string, bytes: Buffer): Profile {
  const reader = new ByteReader(bytes, 'profile');
  const flags = reader.byte();
  const present = reader.byte();
  const texts: Partial<Record<(typeof optional)[number], string>> = {};
  for (const [bit, name] of optional.entries()) {
    if (present & 1 << bit) texts[name] = reader.text();
  }
  const groups = Array.from({ length: reader.number() }, () => reader.text());
  const [revokedBefore, lastSeen, version] = [reader.number(), reader.number(), reader.number()];
  const fields = reader.ended ? 0 : reader.number();
  const setHere = Array.from({ length: fields }, () => reader.text());
  return {
    user, ...texts, groups, ...(setHere.length > 0 && { setHere }),
    active: (flags & 1) !== 0, blocked: (flags & 2) !== 0,
    revokedBefore, lastSeen, version,
  };
}

function encodeRevocation(revocation: Omit<Revocation, 'n'>): Buffer {
  const { tenant, user, tokenId, at, blocked } = revocation;
  return write.start().byte((blocked ? 1 : 0) | (user === undefined ? 2 : 0)).number(at)
    .text(tenant).text(user ?? tokenId ?? '').end();
}

function decodeRevocation(n: number, bytes: Buffer): Revocation {
  const reader = new ByteReader(bytes, 'revocation');
  const flags = reader.byte();
  const at = reader.number();
  const tenant = reader.text();
  const id = reader.text();
  if (flags > 3) throw corrupted('revocation');
  return {
    n, tenant, ...((flags & 2) === 0 ? { user: id } : { tokenId: id }), at,
    blocked: (flags & 1) !== 0,
  };
}
