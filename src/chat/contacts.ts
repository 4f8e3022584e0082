import { idOf, userKey } from '../base/ids.js';
import type { Call } from '../rpc/method.js';
import type { RoomRow } from '../store/feeds.js';
import type { Profile } from '../store/users.js';
import type { Chat } from './chat.js';
import { directPrefix, directRoomId, peerOf } from './direct.js';

export interface Contact {
  readonly profile: Profile;
  /** That the user acts under. */
  readonly role: string;
  /** The dialog of the two, where there is one. */
  readonly row: (RoomRow & { readonly id: string }) | undefined;
  readonly unread: number;
}

/** Bounds of one call: beyond them the tail of the order ends, not the server. */
const maxScanned = 5_000;
const batchSize = 500;

/** Given and family name; the login, or the id, where none is known. */
export const contactName = ({ user, login, name, surname }: Profile): string =>
  [name, surname].filter((part) => part !== undefined).join(' ') || (login ?? user);

/** The caller's dialogs by room id, the most recent first. */
async function dialogsOf(call: Call<Chat>): Promise<Map<string, RoomRow>> {
  const { app, identity } = call;
  const user = userKey(identity.tenant, identity.user);
  const dialogs = new Map<string, RoomRow>();
  let page: string | undefined;
  do {
    const found = await app.store.feeds.rooms(user, {
      limit: batchSize, ...(page === undefined ? {} : { page }),
    });
    for (const row of found.rows) {
      const id = idOf(row.room);
      if (id.startsWith(directPrefix)) dialogs.set(id, row);
    }
    page = found.page;
  } while (page !== undefined && dialogs.size < maxScanned);
  return dialogs;
}

/** Those whom the caller talks with already, and the users of the tenant in order of their ids. */
async function* candidates(
  call: Call<Chat>, dialogs: ReadonlyMap<string, RoomRow>,
): AsyncIterable<Profile> {
  const { app: { store: { users } }, identity: { tenant, user } } = call;
  const peers = [...dialogs.keys()].map((room) => peerOf(room, user))
    .filter((peer) => peer !== undefined);
  const told = new Set<string>([user]);
  for (let from = 0; from < peers.length; from += batchSize) {
    const some = peers.slice(from, from + batchSize);
    for (const profile of await users.many(some.map((peer) => userKey(tenant, peer)))) {
      if (profile === undefined || told.has(profile.user)) continue;
      told.add(profile.user);
      yield profile;
    }
  }
  let after = '';
  for (let scanned = 0; scanned < maxScanned && !call.signal.aborted; scanned += batchSize) {
    const batch = await users.list(tenant, after, batchSize);
    for (const profile of batch) {
      after = profile.user;
      if (!told.has(profile.user)) yield profile;
    }
    if (batch.length < batchSize) return;
  }
}

const matches = (profile: Profile, query: string): boolean => query === ''
  || [profile.user, profile.login, profile.name, profile.surname, profile.patronymic,
    contactName(profile)].some((text) => text?.toLowerCase().includes(query) === true);

/**
 * Whom the caller may write to: active, not blocked, of a role that the rules give.
 * @param query in lower case; '' for all
 */
export async function contactsOf(call: Call<Chat>, query: string): Promise<Contact[]> {
  const { app: { access }, identity } = call;
  const dialogs = await dialogsOf(call);
  const contacts: Contact[] = [];
  for await (const profile of candidates(call, dialogs)) {
    if (!profile.active || profile.blocked || !matches(profile, query)) continue;
    const role = profile.role ?? access.policy.defaultRole;
    const target = { user: profile.user, role };
    if (!access.explain(identity, 'room.direct', undefined, target).allowed) continue;
    const id = directRoomId(identity.user, profile.user);
    const row = dialogs.get(id);
    contacts.push({
      profile, role,
      row: row === undefined ? undefined : { ...row, id },
      unread: row === undefined ? 0 : Math.max(0, row.count - row.read),
    });
  }
  return contacts;
}
