import { invalidParams } from '../rpc/errors.js';
import { type Contact } from './contacts.js';

/** Where a contact stands in each of the orders: what a page goes on after. */
export interface ContactPlace {
  readonly unread: number;
  readonly lastAt: number;
  readonly login: string;
  readonly user: string;
}

type Order = (a: ContactPlace, b: ContactPlace) => number;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** By login whatever its case; ids make the order one. */
const byLogin: Order = (a, b) => byText(a.login, b.login) || byText(a.user, b.user);
const byRecent: Order = (a, b) => b.lastAt - a.lastAt || byLogin(a, b);

export const orders: Readonly<Record<'recent' | 'unread' | 'login', Order>> = {
  recent: byRecent,
  unread: (a, b) => b.unread - a.unread || byRecent(a, b),
  login: byLogin,
};

export const placeOf = ({ profile: { user, login }, row, unread }: Contact): ContactPlace => ({
  unread, lastAt: row?.lastAt ?? 0, login: (login ?? user).toLowerCase(), user,
});

export const encodePlace = ({ unread, lastAt, login, user }: ContactPlace): string =>
  Buffer.from(JSON.stringify([unread, lastAt, login, user])).toString('base64url');

/** @throws RpcError -32602 for what no page was called */
export function decodePlace(page: string): ContactPlace {
  try {
    const parts: unknown = JSON.parse(Buffer.from(page, 'base64url').toString('utf8'));
    if (Array.isArray(parts)) {
      const [unread, lastAt, login, user]: unknown[] = parts;
      if (typeof unread === 'number' && typeof lastAt === 'number'
        && typeof login === 'string' && typeof user === 'string') {
        return { unread, lastAt, login, user };
      }
    }
  } catch {
    // Said below, like all else that is no page.
  }
  throw invalidParams('/page', 'malformed');
}
