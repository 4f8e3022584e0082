import { createHash } from 'node:crypto';
import type { IdSource } from '../base/ids.js';
import type { CallKey } from '../store/rooms.js';

/** JSON with the members of every object in one order, so that equal params are equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** A short digest of any text. */
export const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 24);

/**
 * Makes the keys of calls. Every call has one, so that a retry inside the server is safe even
 * where the caller gave none (G3, trap 4).
 */
export class CallKeys {
  readonly #prefix: string;
  #next = 0;

  constructor(ids: IdSource) {
    this.#prefix = ids(12);
  }

  /**
   * @param params as checked, with the caller's own `key` among them if it gave one
   */
  of(method: string, params: { readonly key?: string }): CallKey {
    const { key, ...rest } = params;
    if (key === undefined) {
      this.#next += 1;
      return { key: `${this.#prefix}.${this.#next.toString(36)}`, digest: '', given: false };
    }
    return { key, digest: digestOf(`${method}\n${canonical(rest)}`), given: true };
  }
}
