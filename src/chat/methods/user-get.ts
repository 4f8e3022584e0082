import { userKey } from '../../base/ids.js';
import { notFound } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Chat } from '../chat.js';
import { checkId } from '../checks.js';
import { strict, UserId } from '../schemas.js';
import { sightOf } from '../sight.js';
import { profileJson, ProfileSchema } from '../user-schemas.js';

/** Whom the caller may not see is answered word for word like one never seen (G11). */
export const userGet = defineMethod<Chat>()({
  name: 'user.get',
  summary: 'Shows the profile of a user.',
  params: strict({ user: UserId }),
  result: ProfileSchema,
  access: 'identity',
  example: {
    params: { user: 'Simon' },
    result: { user: 'Simon', groups: [], active: true, blocked: false },
  },
  async handler(call, { user }) {
    const { app, identity, limits } = call;
    checkId(limits, '/user', user);
    const key = userKey(identity.tenant, user);
    const sight = await sightOf(call, [key]);
    if (!sight(key) && user !== identity.user) throw notFound();
    const [profile, [presence]] = await Promise.all([
      app.store.users.get(key), app.directory.query([key]),
    ]);
    if (profile === undefined) throw notFound();
    return profileJson(profile, presence);
  },
});
