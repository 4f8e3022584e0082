import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { userKey } from '../../base/ids.js';
import { RpcError } from '../../rpc/errors.js';
import { defineMethod, type Call } from '../../rpc/method.js';
import { firstFault } from '../../rpc/schema-fault.js';
import type { Chat } from '../chat.js';
import { checkId, checkKey } from '../checks.js';
import { joinGroups } from '../group-members.js';
import { changeProfile } from '../profile-changes.js';
import { Key, strict } from '../schemas.js';
import { ImportRowSchema, imported, type ImportRow } from '../user-rows.js';

/** Rows whose changes are under way at once: they share commits, and hold up nobody else. */
const atOnce = 32;

const rowCheck = Compile(ImportRowSchema);

type Outcome = 'created' | 'updated' | 'unchanged';

interface Refused {
  readonly index: number;
  readonly user?: string;
  readonly reason: string;
}

/** A row as it was given, or why it can't be taken. */
function rowOf(call: Call<Chat>, row: unknown): ImportRow | string {
  if (!rowCheck.Check(row)) {
    const fault = firstFault(ImportRowSchema, rowCheck.Errors(row));
    return fault.path === '' ? fault.reason : `${fault.path.slice(1)}: ${fault.reason}`;
  }
  try {
    checkId(call.limits, '/user', row.user);
    return row;
  } catch (error) {
    if (error instanceof RpcError) return `user: ${error.data.reason}`;
    throw error;
  }
}

async function take(call: Call<Chat>, row: ImportRow, overwrite: boolean): Promise<Outcome> {
  const user = userKey(call.identity.tenant, row.user);
  const { app, identity: { tenant } } = call;
  const { before, after, changed } = await changeProfile(app, user, (found) =>
    imported(found, row, overwrite));
  if (row.groups !== undefined) {
    await joinGroups(app, tenant, row.user, before?.groups ?? [], after?.groups ?? []);
  }
  if (before === undefined) return 'created';
  return changed ? 'updated' : 'unchanged';
}

const nameIn = (row: unknown): { user?: string } => {
  const user: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, 'user') : null;
  return typeof user === 'string' ? { user } : {};
};

/**
 * The same rows again change nothing, so a call that was cut off is made again. What an
 * administrator changed here since (role, active) stays, unless `overwrite` says otherwise.
 */
export const userImport = defineMethod<Chat>()({
  name: 'user.import',
  summary: 'Takes users from another system; a bad row refuses only itself.',
  params: strict({
    users: Type.Array(Type.Unknown({
      description: '{user, login?, name?, surname?, patronymic?, role?, groups?, active?}',
    }), { maxItems: 300 }),
    overwrite: Type.Optional(Type.Boolean({
      description: 'takes role and active from here even where an administrator changed them',
    })),
    key: Type.Optional(Key),
  }),
  result: strict({
    created: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    errors: Type.Array(strict({
      index: Type.Integer({ description: 'place of the row in the call, from 0' }),
      user: Type.Optional(Type.String()),
      reason: Type.String(),
    })),
  }),
  access: 'identity',
  large: true,
  example: {
    params: { users: [{ user: 'Oleh', login: 'oleh', name: 'Oleh', role: 'user' }, {}] },
    result: {
      created: 1, updated: 0, unchanged: 0, errors: [{ index: 1, reason: 'user: missing' }],
    },
  },
  async handler(call, { users, overwrite = false, key }) {
    checkKey(call.limits, key);
    call.handedOn();
    const counts: Record<Outcome, number> = { created: 0, updated: 0, unchanged: 0 };
    const errors: Refused[] = [];
    const rows: ImportRow[] = [];
    const seen = new Set<string>();
    for (const [index, given] of users.entries()) {
      const row = rowOf(call, given);
      const reason = typeof row === 'string' ? row : seen.has(row.user) ? 'repeated' : undefined;
      if (reason !== undefined) errors.push({ index, ...nameIn(given), reason });
      if (reason !== undefined || typeof row === 'string') continue;
      seen.add(row.user);
      rows.push(row);
    }
    for (let from = 0; from < rows.length; from += atOnce) {
      const some = rows.slice(from, from + atOnce);
      const outcomes = await Promise.all(some.map((row) => take(call, row, overwrite)));
      for (const outcome of outcomes) counts[outcome] += 1;
    }
    return { ...counts, errors };
  },
});
