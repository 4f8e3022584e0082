import Type, { type Static } from 'typebox';
import { compact } from '../base/compact.js';
import type { Group } from '../store/groups.js';
import { strict, Title } from './schemas.js';

export const GroupId = Type.String({
  pattern: '^[^\\p{Cc}\\p{Cs}]+$', description: 'id of a group for mailing',
});

export const GroupSchema = strict({
  group: GroupId,
  title: Type.Optional(Title),
  active: Type.Boolean({ description: 'nobody is written to when false' }),
  members: Type.Integer({ description: 'how many' }),
});

export const groupJson = ({ group, title, active, members }: Group): Static<typeof GroupSchema> =>
  compact({ group, title, active, members });

export const groupExample = { group: 'night', title: 'Night shift', active: true, members: 1 };

/** What makes the group of the examples, for those that need one. */
export const groupSetup = (group: string) => [
  { method: 'group.create', params: { group, title: 'Night shift' } },
  { method: 'group.addUsers', params: { group, users: ['Petro'] } },
];
