import { CallError, type Client } from '../../src/client/index.js';

/** Somebody the caller may write to. */
export interface Contact {
  readonly user: string;
  readonly login: string;
  readonly name: string;
  readonly online: boolean;
}

/** A mailing group. */
export interface Group {
  readonly group: string;
  readonly title: string;
  readonly active: boolean;
}

const [mostPages, limit] = [10, 500];
const records = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map((one) => Object(one)) : [];
const text = (value: unknown): string => typeof value === 'string' ? value : '';

/** Every page of a list; undefined where the server has no such method, or not for this caller. */
async function all(
  client: Client, method: string, params: object, member: string,
): Promise<Record<string, unknown>[] | undefined> {
  const found: Record<string, unknown>[] = [];
  let page: unknown;
  try {
    for (let pages = 0; pages < mostPages; pages++) {
      const answer: unknown = await client.call(
        method, page === undefined ? params : { ...params, page });
      found.push(...records(Reflect.get(Object(answer), member)));
      page = Reflect.get(Object(answer), 'page');
      if (page === undefined) break;
    }
    return found;
  } catch (fault) {
    if (fault instanceof CallError && (fault.code === -32601 || fault.code === 403)) {
      return undefined;
    }
    throw fault;
  }
}

/** Those the caller may write to, by id; from the list of users where contacts are refused. */
export async function loadContacts(client: Client, me: string): Promise<Map<string, Contact>> {
  const found = await all(client, 'user.contacts', { sort: 'login', limit }, 'contacts')
    ?? await all(client, 'user.list', { active: true, limit }, 'users') ?? [];
  return new Map(found.filter(({ user }) => user !== me).map((row) => {
    const user = text(row['user']);
    const names = ['name', 'surname'].map((part) => text(row[part])).filter((part) => part !== '');
    const login = text(row['login']) || user;
    return [user, {
      user, login, name: names.join(' ') || login, online: row['online'] === true,
    }];
  }));
}

/** Groups to broadcast to; undefined where the caller has nothing to do with them. */
export async function loadGroups(client: Client): Promise<readonly Group[] | undefined> {
  const found = await all(client, 'group.list', {}, 'groups');
  return found?.map((row) => ({
    group: text(row['group']), title: text(row['title']) || text(row['group']),
    active: row['active'] !== false,
  }));
}

/** What a broadcast came to. */
export async function broadcast(
  client: Client, params: { readonly group: string; readonly text: string; readonly key: string },
): Promise<{ readonly sent: number; readonly skipped: number }> {
  const answer: unknown = await client.call('group.broadcast', params);
  const count = (member: string): number => {
    const value: unknown = Reflect.get(Object(answer), member);
    return typeof value === 'number' ? value : 0;
  };
  return { sent: count('sent'), skipped: count('skipped') };
}
