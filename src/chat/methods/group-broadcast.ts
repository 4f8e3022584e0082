import Type from 'typebox';
import { code, notFound, RpcError } from '../../rpc/errors.js';
import { defineMethod } from '../../rpc/method.js';
import type { Broadcast } from '../../store/groups.js';
import { digestOf } from '../call-key.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey, checkText } from '../checks.js';
import { GroupId, groupSetup } from '../group-schemas.js';
import { Key, strict, Text } from '../schemas.js';
import { reading } from '../write.js';

/**
 * Kept before the first message goes: whatever happens to this node, each member gets theirs,
 * once. A call whose answer was lost is answered when it is made again under its key.
 */
export const groupBroadcast = defineMethod<Chat>()({
  name: 'group.broadcast',
  summary: 'Writes to each active member of a group, in a dialog each.',
  params: strict({ group: GroupId, text: Text, key: Type.Optional(Key) }),
  result: strict({
    sent: Type.Integer(),
    skipped: Type.Integer({ description: 'not active, blocked, or the caller' }),
    id: Type.String({ description: 'of the broadcast' }),
  }),
  access: 'identity',
  errors: [
    { code: code.conflict, reason: 'inactive', when: 'the group is not active' },
    { code: code.conflict, reason: 'key_reused', when: 'the key came with another broadcast' },
  ],
  example: {
    setup: groupSetup('broadcast-example'),
    params: { group: 'broadcast-example', text: 'The line to the depot is down' },
    result: { sent: 1, skipped: 0, id: 'r4Vx0' },
  },
  async handler(call, { group, text, key }) {
    const { app, identity: { tenant, user }, limits } = call;
    checkId(limits, '/group', group);
    checkKey(limits, key);
    checkText('/text', text, app.access.policy.maxTextCodePoints ?? limits.maxTextCodePoints);
    const found = await reading(app.groups.get(tenant, group));
    if (found === undefined) throw notFound();
    if (!found.active) throw new RpcError(code.conflict, 'inactive');
    const id = key === undefined ? app.ids(12) : digestOf(JSON.stringify([tenant, user, key]));
    const at = app.clock.now();
    call.handedOn();
    const wanted: Broadcast = {
      tenant, id, group, by: user, text, at, after: '', sent: 0, skipped: 0, touchedAt: at,
      done: false,
    };
    const begun = await reading(app.groups.begin(wanted));
    if (begun.group !== group || begun.text !== text) {
      throw new RpcError(code.conflict, 'key_reused');
    }
    const { sent, skipped } = await reading(app.mailing.drive(begun));
    return { sent, skipped, id };
  },
});
