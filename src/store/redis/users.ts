import type { Clock } from '../../base/clock.js';
import { idOf, tenantOf, userKey, type UserKey } from '../../base/ids.js';
import { tokenKey } from '../../cluster/keys.js';
import type { Reply } from '../../cluster/shard-port.js';
import type { Profile, Revocation, UserStore } from '../users.js';
import { write } from './bytes.js';
import { corrupted } from './entry-codec.js';
import { revocationsKey } from './keys.js';
import { parseProfile, parseRevocation, profileText } from './profile-codec.js';
import { scripts } from './scripts.js';
import { bytesOf, listOf, numberOf, textOf, type ShardCalls } from './shard-calls.js';

const revocationsAtOnce = 1_000;

export interface RedisUserParts {
  readonly calls: ShardCalls;
  readonly clock: Clock;
}

/** The users on a ring of Redis shards; see {@link UserStore} for what is promised. */
export class RedisUsers implements UserStore {
  constructor(private readonly parts: RedisUserParts) {}

  async get(user: UserKey): Promise<Profile | undefined> {
    const [profile] = await this.many([user]);
    return profile;
  }

  async many(users: readonly UserKey[]): Promise<(Profile | undefined)[]> {
    const { calls } = this.parts;
    const replies = await calls.many(
      users, scripts.userGet, (user) => calls.port.slotOf(user),
      (user, slot, version) => write.start().u16(slot).u32(version).text(user).end());
    return replies.map((reply, index) => {
      const user = users[index];
      return reply === null || user === undefined ? undefined : profileOf(user, listOf(reply));
    });
  }

  async update(
    user: UserKey, change: (before: Profile | undefined) => Profile | undefined,
  ): Promise<Profile | undefined> {
    for (;;) {
      const before = await this.get(user);
      const changed = change(before);
      if (changed === undefined) return before;
      const version = await this.#put(user, before, changed);
      if (version > 0) return { ...changed, version };
    }
  }

  async list(tenant: string, after: string, limit: number): Promise<Profile[]> {
    if (limit <= 0) return [];
    const { port } = this.parts.calls;
    const pages = await Promise.all(port.shards.map(async (shard) =>
      listOf(await port.run(shard, scripts.userList, [tenant, after, limit])).map(bytesOf)));
    const ids = pages.flat().sort((a, b) => Buffer.compare(a, b)).slice(0, limit);
    const profiles = await this.many(ids.map((id) => userKey(tenant, id.toString())));
    return profiles.filter((profile) => profile !== undefined);
  }

  async revoke(
    tenant: string, target: { user: string } | { tokenId: string }, at: number, until: number,
    blocked: boolean,
  ): Promise<void> {
    const { calls, clock } = this.parts;
    const isToken = 'tokenId' in target;
    const name = isToken ? `${tenant}\0${target.tokenId}` : userKey(tenant, target.user);
    const slot = calls.port.slotOf(name);
    const logged = JSON.stringify({ tenant, ...target, at, blocked });
    const what = isToken ? 1 : blocked ? 2 : 0;
    const id = isToken ? target.tokenId : target.user;
    const kept = isToken ? String(until) : profileText(newProfile(target.user));
    await calls.one(slot, scripts.revoke, (version) => [
      calls.port.fence(calls.port.owner(slot).shard),
      write.start().u16(slot).u32(version).u8(what).u48(at).u48(until - clock.now()).text(name)
        .text(tenant).text(id).end(),
      logged, kept,
    ]);
  }

  async tokenRevoked(tenant: string, tokenId: string): Promise<boolean> {
    const { calls: { port }, clock } = this.parts;
    const name = `${tenant}\0${tokenId}`;
    const slot = port.slotOf(name);
    const until = await port.call(port.owner(slot).shard, 'GET', [tokenKey(slot, name)]);
    return Buffer.isBuffer(until) && Number(until.toString()) > clock.now();
  }

  async revocationsAfter(seen: string): Promise<{ revocations: Revocation[]; seen: string }> {
    const { port } = this.parts.calls;
    const places = parseSeen(seen);
    const revocations: Revocation[] = [];
    await Promise.all(port.shards.map(async (shard) => {
      // What is away is read when it is back, from where it was: nothing is passed over.
      if (!port.reachable(shard)) return;
      const from = places.get(shard);
      const reply = listOf(await port.call(shard, 'XRANGE', [
        revocationsKey, from === undefined ? '-' : `(${from}`, '+', 'COUNT', revocationsAtOnce,
      ]));
      for (const entry of reply) {
        const [id, fields] = listOf(entry);
        places.set(shard, textOf(id));
        revocations.push(parseRevocation(textOf(id), textOf(listOf(fields)[1])));
      }
    }));
    return { revocations, seen: JSON.stringify([...places]) };
  }

  async #put(
    user: UserKey, before: Profile | undefined, profile: Profile,
  ): Promise<number> {
    const { port } = this.parts.calls;
    const slot = port.slotOf(user);
    return numberOf(await this.parts.calls.one(slot, scripts.userPut, (version) => [
      port.fence(port.owner(slot).shard),
      write.start().u16(slot).u32(version).u32(before?.version ?? 0).text(user).text(tenantOf(user))
        .text(idOf(user)).end(),
      profileText(profile), profile.blocked ? 1 : 0, profile.active ? 0 : 1,
      profile.revokedBefore, profile.lastSeen === before?.lastSeen ? '' : profile.lastSeen,
    ]));
  }
}

const newProfile = (user: string): Profile => ({
  user, groups: [], active: true, blocked: false, revokedBefore: 0, lastSeen: 0, version: 0,
});

/** A profile from what user-get.lua answers. */
export function profileOf(user: UserKey, fields: readonly Reply[]): Profile {
  const [json, version, revokedBefore, lastSeen, blocked] = fields;
  const profile = parseProfile(idOf(user), textOf(json));
  if (profile === undefined) throw corrupted('profile');
  const number = (reply: Reply | undefined): number =>
    (Buffer.isBuffer(reply) ? Number(reply.toString()) : 0);
  return {
    ...profile, blocked: Buffer.isBuffer(blocked), version: number(version),
    revokedBefore: number(revokedBefore), lastSeen: number(lastSeen),
  };
}

/** Places in the shards' logs, as the call before answered them; none for ''. */
function parseSeen(seen: string): Map<string, string> {
  const places = new Map<string, string>();
  if (seen === '') return places;
  const value: unknown = JSON.parse(seen);
  if (!Array.isArray(value)) return places;
  for (const pair of value as readonly unknown[]) {
    if (!Array.isArray(pair)) continue;
    const [shard, id] = pair as readonly unknown[];
    if (typeof shard === 'string' && typeof id === 'string') places.set(shard, id);
  }
  return places;
}
