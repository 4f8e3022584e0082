import Type, { type Static } from 'typebox';
import { compact } from '../base/compact.js';
import type { Profile } from '../store/users.js';
import { blankProfile } from './admission.js';
import { withFields } from './profile-changes.js';
import { strict, UserId } from './schemas.js';
import { profileFields } from './user-schemas.js';

/** A user as another system knows them: what is named is set, what is absent is left. */
export const ImportRowSchema = strict({
  user: UserId,
  ...profileFields,
  groups: Type.Optional(Type.Array(UserId, { maxItems: 100, description: 'ids of groups' })),
});

export type ImportRow = Static<typeof ImportRowSchema>;

/**
 * The profile that a row makes of one that may be there.
 * @param overwrite whether the row wins over what an administrator changed here
 * @returns undefined where nothing changes
 */
export function imported(
  before: Profile | undefined, row: ImportRow, overwrite: boolean,
): Profile | undefined {
  const { role, active, groups, ...names } = row;
  const sorted = groups === undefined ? undefined : [...new Set(groups)].sort();
  if (before === undefined) {
    return { ...blankProfile(row.user), ...compact({ ...names, role, active, groups: sorted }) };
  }
  const kept = overwrite ? [] : before.setHere ?? [];
  const lifted = overwrite && active === true ? { blocked: false } : {};
  const setHere = overwrite && (before.setHere ?? []).length > 0 ? { setHere: [] } : {};
  return withFields(before, compact({
    ...names, ...lifted, ...setHere, groups: sorted,
    role: kept.includes('role') ? undefined : role,
    active: kept.includes('active') ? undefined : active,
  }));
}
