import type { UserKey } from '../base/ids.js';

/** A user as the store knows it; wins over what a token says. */
export interface Profile {
  readonly user: string;
  readonly login?: string;
  readonly name?: string;
  readonly surname?: string;
  readonly patronymic?: string;
  readonly role?: string;
  readonly groups: readonly string[];
  /** Not active: no contact of anybody, may not sign in. */
  readonly active: boolean;
  readonly blocked: boolean;
  /** Tokens issued before this are refused; ms since 1970, 0 when never revoked. */
  readonly revokedBefore: number;
  /** When the last connection ended; ms since 1970, 0 when never seen. */
  readonly lastSeen: number;
  /** Names of the fields that an administrator set here: an import leaves them as they are. */
  readonly setHere?: readonly string[];
  /** Counts changes. */
  readonly version: number;
}

/** A revocation as every node learns of it (trap 6). */
export interface Revocation {
  /** Place in the log of revocations of one shard. */
  readonly n: number;
  readonly tenant: string;
  readonly user?: string;
  /** `jti` of a single session. */
  readonly tokenId?: string;
  readonly at: number;
  /** True for a block: the close code is then the same, the reason another. */
  readonly blocked: boolean;
}

/**
 * Users, and what was revoked. Guarantee: changes are atomic a user and durable when they
 * resolve; a revocation reaches every node's {@link revocationsAfter} within 1 s (G11).
 */
export interface UserStore {
  get(user: UserKey): Promise<Profile | undefined>;
  many(users: readonly UserKey[]): Promise<(Profile | undefined)[]>;

  /**
   * Reads, decides, writes, with nothing between. `change` may run again where another writer
   * came first; answering undefined writes nothing.
   */
  update(
    user: UserKey, change: (before: Profile | undefined) => Profile | undefined,
  ): Promise<Profile | undefined>;

  /** Users of a tenant in the order of their ids, after one id ('' for the first). */
  list(tenant: string, after: string, limit: number): Promise<Profile[]>;

  /**
   * Writes a revocation: of a user (all tokens issued before `at`), or of one token. An `at` of 0
   * revokes nothing, and has every node read the user's profile anew: it is kept in the log as
   * long as any other.
   * @param until when a single token's revocation may be forgotten: its expiry, ms since 1970
   */
  revoke(
    tenant: string, target: { user: string } | { tokenId: string }, at: number, until: number,
    blocked: boolean,
  ): Promise<void>;
  /** Whether a token of this `jti` was revoked. */
  tokenRevoked(tenant: string, tokenId: string): Promise<boolean>;
  /** Revocations after those already seen; `seen` is what the call before answered. */
  revocationsAfter(seen: string): Promise<{ revocations: Revocation[]; seen: string }>;
}
