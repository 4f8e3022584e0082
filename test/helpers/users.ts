import { idOf, tenantOf, userKey, type UserKey } from '../../src/base/ids.js';
import { blankProfile } from '../../src/chat/admission.js';
import type { DirectoryUsers } from '../../src/cluster/local/directory.js';
import type { Profile, Revocation, UserStore } from '../../src/store/users.js';

/** Users in a map, counting their readings: for tests of what stands above the store. */
export class MapUsers implements UserStore {
  readonly profiles = new Map<UserKey, Profile>();
  readonly tokens = new Set<string>();
  readonly log: Revocation[] = [];
  reads = 0;
  /** Runs before each reading answers, so that a test can put something between. */
  beforeRead: (() => Promise<void>) | undefined;

  async get(user: UserKey): Promise<Profile | undefined> {
    this.reads++;
    const profile = this.profiles.get(user);
    await this.beforeRead?.();
    return profile;
  }

  async many(users: readonly UserKey[]): Promise<(Profile | undefined)[]> {
    return Promise.all(users.map((user) => this.get(user)));
  }

  update(
    user: UserKey, change: (before: Profile | undefined) => Profile | undefined,
  ): Promise<Profile | undefined> {
    const after = change(this.profiles.get(user));
    if (after !== undefined) this.profiles.set(user, after);
    return Promise.resolve(after ?? this.profiles.get(user));
  }

  list(tenant: string, after: string, limit: number): Promise<Profile[]> {
    const all = [...this.profiles].filter(([key]) => tenantOf(key) === tenant)
      .map(([, profile]) => profile)
      .filter((profile) => profile.user > after)
      .sort((a, b) => (a.user < b.user ? -1 : 1));
    return Promise.resolve(all.slice(0, limit));
  }

  revoke(
    tenant: string, target: { user: string } | { tokenId: string }, at: number, _until: number,
    blocked: boolean,
  ): Promise<void> {
    const n = this.log.length + 1;
    if ('user' in target) {
      const key = userKey(tenant, target.user);
      const before = this.profiles.get(key) ?? blankProfile(target.user);
      this.profiles.set(key, { ...before, revokedBefore: Math.max(before.revokedBefore, at) });
      this.log.push({ n, tenant, user: target.user, at, blocked });
    } else {
      this.tokens.add(`${tenant}\0${target.tokenId}`);
      this.log.push({ n, tenant, tokenId: target.tokenId, at, blocked });
    }
    return Promise.resolve();
  }

  tokenRevoked(tenant: string, tokenId: string): Promise<boolean> {
    this.reads++;
    return Promise.resolve(this.tokens.has(`${tenant}\0${tokenId}`));
  }

  revocationsAfter(seen: string): Promise<{ revocations: Revocation[]; seen: string }> {
    const after = seen === '' ? 0 : Number(seen);
    const revocations = this.log.filter((revocation) => revocation.n > after);
    return Promise.resolve({ revocations, seen: String(this.log.length) });
  }
}

/** What a directory reads of a user store, and where it leaves who was last seen when. */
export const directoryUsers = (users: UserStore): DirectoryUsers => ({
  many: (keys) => users.many(keys),
  tokenRevoked: (user, tokenId) => users.tokenRevoked(tenantOf(user), tokenId),
  async seen(user, at) {
    await users.update(user, (before) => ({ ...before ?? blankProfile(idOf(user)), lastSeen: at }));
  },
});
