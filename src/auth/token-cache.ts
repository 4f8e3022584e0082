import type { Identity } from '../rpc/identity.js';

/**
 * Tokens that were verified, so that one that comes with every call is verified once. Bounded:
 * the one not used for longest goes first.
 */
export class TokenCache {
  readonly #identities = new Map<string, Identity>();
  readonly #maxEntries: number;
  /** Counts clearings: what was found out before one does not belong in after it. */
  generation = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#identities.size;
  }

  get(token: string): Identity | undefined {
    const identity = this.#identities.get(token);
    // The order decides only who goes first when it is full: far from that it may be wrong.
    if (identity !== undefined && this.#identities.size * 2 > this.#maxEntries) {
      this.#identities.delete(token);
      this.#identities.set(token, identity);
    }
    return identity;
  }

  set(token: string, identity: Identity): void {
    this.#identities.delete(token);
    if (this.#identities.size >= this.#maxEntries) {
      for (const oldest of this.#identities.keys()) {
        this.#identities.delete(oldest);
        break;
      }
    }
    this.#identities.set(token, identity);
  }

  delete(token: string): void {
    this.#identities.delete(token);
  }

  /** The keys have changed: everything is verified again. */
  clear(): void {
    this.generation += 1;
    this.#identities.clear();
  }
}
