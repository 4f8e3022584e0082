import type { Clock } from '../base/clock.js';
import { tenantOf, type UserKey } from '../base/ids.js';
import type { Profile, UserStore } from '../store/users.js';

/** A safety net only: revocations and changes are announced, and forget at once. */
const knownAgeMs = 60_000;
/** A user never seen may appear at any moment, on any node. */
const unknownAgeMs = 1_000;
const maxEntries = 100_000;

/** A value that was read, or is being read. */
interface Cached<T> {
  value: T | undefined;
  /** Monotonic ms until which it holds; 0 while it is being read for the first time. */
  until: number;
  loading: Promise<T> | undefined;
}

/**
 * Reads once, answers at once from then on. What was forgotten while it was being read is not
 * kept, so that a change can't be overtaken by an older reading (trap 6).
 */
class ReadCache<T> {
  readonly #entries = new Map<string, Cached<T>>();

  constructor(
    private readonly clock: Clock,
    private readonly ageOf: (value: T) => number,
  ) {}

  /** The value, where it was read and still holds. */
  peek(key: string): { readonly value: T } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until <= this.clock.monotonic()) return undefined;
    return entry as { value: T };
  }

  load(key: string, read: () => Promise<T>): Promise<T> {
    const before = this.#entries.get(key);
    if (before?.loading !== undefined) return before.loading;
    const entry: Cached<T> = { value: undefined, until: 0, loading: undefined };
    this.#make(key, entry);
    entry.loading = read().then((value) => {
      entry.value = value;
      entry.until = this.clock.monotonic() + this.ageOf(value);
      return value;
    }, (error: unknown) => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }).finally(() => { entry.loading = undefined; });
    return entry.loading;
  }

  set(key: string, value: T): void {
    const until = this.clock.monotonic() + this.ageOf(value);
    this.#make(key, { value, until, loading: undefined });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #make(key: string, entry: Cached<T>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= maxEntries) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

const tokenName = (tenant: string, tokenId: string): string => `${tenant}\0${tokenId}`;

/** Profiles and revoked token ids as every call meets them, without a read a call. */
export class Profiles {
  readonly #users: UserStore;
  readonly #profiles: ReadCache<Profile | undefined>;
  readonly #tokens: ReadCache<boolean>;

  constructor(users: UserStore, clock: Clock) {
    this.#users = users;
    this.#profiles = new ReadCache(clock, (profile) =>
      profile === undefined ? unknownAgeMs : knownAgeMs);
    this.#tokens = new ReadCache(clock, () => knownAgeMs);
  }

  /** What is known without reading; `value` is undefined for a user never seen. */
  peek(user: UserKey): { readonly value: Profile | undefined } | undefined {
    return this.#profiles.peek(user);
  }

  load(user: UserKey): Promise<Profile | undefined> {
    return this.#profiles.load(user, () => this.#users.get(user));
  }

  set(user: UserKey, profile: Profile | undefined): void {
    this.#profiles.set(user, profile);
  }

  /** Whether a token was revoked by its `jti`, where that is known without reading. */
  peekToken(user: UserKey, tokenId: string): boolean | undefined {
    return this.#tokens.peek(tokenName(tenantOf(user), tokenId))?.value;
  }

  loadToken(user: UserKey, tokenId: string): Promise<boolean> {
    const tenant = tenantOf(user);
    return this.#tokens.load(tokenName(tenant, tokenId),
      () => this.#users.tokenRevoked(tenant, tokenId));
  }

  forget(user: UserKey): void {
    this.#profiles.forget(user);
  }

  tokenRevoked(tenant: string, tokenId: string): void {
    this.#tokens.set(tokenName(tenant, tokenId), true);
  }

  /** Announcements may have been missed: nothing that was read counts any more. */
  clear(): void {
    this.#profiles.clear();
    this.#tokens.clear();
  }
}
