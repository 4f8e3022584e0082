import Type from 'typebox';
import { compact } from '../../base/compact.js';
import { userKey } from '../../base/ids.js';
import { invalidParams } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Profile } from '../../store/users.js';
import type { Chat } from '../chat.js';
import { pageSize } from '../checks.js';
import { Limit, Page, strict } from '../schemas.js';
import { sightOf } from '../sight.js';
import { profileJson, ProfileSchema } from '../user-schemas.js';

/** Profiles that one call looks through: a rare match ends its page early, not the server. */
const maxScanned = 5_000;
const batchSize = 500;

/** The id that a page begins after. */
function idOfPage(page: string | undefined): string {
  if (page === undefined) return '';
  const id = Buffer.from(page, 'base64url').toString('utf8');
  if (id === '' || Buffer.from(id).toString('base64url') !== page) {
    throw invalidParams('/page', 'malformed');
  }
  return id;
}

function matches(
  profile: Profile, role: string | undefined, query: string, active: boolean | undefined,
): boolean {
  if (role !== undefined && profile.role !== role) return false;
  if (active !== undefined && profile.active !== active) return false;
  if (query === '') return true;
  const { user, login, name, surname, patronymic } = profile;
  return [user, login, name, surname, patronymic]
    .some((text) => text?.toLowerCase().includes(query) === true);
}

export const userList = defineMethod<Chat>()({
  name: 'user.list',
  summary: 'Lists users that were seen or imported, by id; query looks into ids, logins and names.',
  params: strict({
    role: Type.Optional(Type.String()),
    query: Type.Optional(Type.String({ maxLength: 200 })),
    active: Type.Optional(Type.Boolean()),
    page: Type.Optional(Page),
    limit: Type.Optional(Limit),
  }),
  result: strict({ users: Type.Array(ProfileSchema), page: Type.Optional(Page) }),
  access: 'identity',
  example: { params: { query: 'nobody is called this' }, result: { users: [] } },
  async handler(call, { role, query = '', active, page, limit }) {
    const { app, identity, limits } = call;
    const size = pageSize(limits, limit, 100);
    const wanted = query.toLowerCase();
    const users: Profile[] = [];
    let after = idOfPage(page);
    for (let scanned = 0; scanned < maxScanned && !call.signal.aborted;) {
      const batch = await app.store.users.list(identity.tenant, after, batchSize);
      const keys = batch.map((profile) => userKey(identity.tenant, profile.user));
      const sight = await sightOf(call, keys);
      for (const [i, profile] of batch.entries()) {
        after = profile.user;
        const key = keys[i];
        if (key === undefined || !sight(key)) continue;
        if (matches(profile, role, wanted, active)) users.push(profile);
        if (users.length === size) return answer(users, after);
      }
      if (batch.length < batchSize) return answer(users);
      scanned += batch.length;
    }
    return answer(users, after);
  },
});

const answer = (users: readonly Profile[], after?: string) => compact({
  users: users.map((profile) => profileJson(profile)),
  page: after === undefined ? undefined : Buffer.from(after).toString('base64url'),
});
