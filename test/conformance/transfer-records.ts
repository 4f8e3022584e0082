import type { LogEntry, RoomHead } from '../../src/store/entry.js';
import type { PartRecord, TransferRecord } from '../../src/store/transfer.js';

const entries = (at: number): LogEntry[] => {
  const base = { at, by: 'ann' };
  return [
    { ...base, seq: 3, count: 1, kind: 'message', text: 'edited', editedAt: at, key: 'a key' },
    { ...base, seq: 4, count: 1, kind: 'edit', target: 3 },
    { ...base, seq: 5, count: 1, kind: 'edit', target: 3, text: 'edited' },
    { ...base, seq: 6, count: 2, kind: 'message', deleted: true, replyTo: 3, editedAt: at },
    { ...base, seq: 7, count: 2, kind: 'delete', target: 6 },
    { ...base, seq: 8, count: 3, kind: 'message', body: { z: 1, a: ['ü', null] } },
    { ...base, seq: 9, count: 3, kind: 'remove', user: 'bob' },
    { ...base, seq: 10, count: 3, kind: 'add', user: 'bob' },
    { ...base, seq: 11, count: 3, kind: 'large' },
    { ...base, seq: 12, count: 3, kind: 'title', title: 'Räume' },
    { ...base, seq: 13, count: 3, kind: 'title' },
    { ...base, seq: 14, count: 3, kind: 'purge' },
  ];
};

const chains: Readonly<Record<number, number>> = { 3: 5, 5: 4 };

function logOf(at: number): PartRecord[] {
  return entries(at).map((entry) => {
    const chain = chains[entry.seq];
    return {
      type: 'entry', entry, ...(chain !== undefined && { chain }),
      ...(entry.key !== undefined && { digest: 'digest' }),
    };
  });
}

const head = (at: number): RoomHead => ({
  room: 'room ü', kind: 'group', title: 'Räume', owner: 'ann', createdAt: at - 5,
  history: { maxMessages: 100, maxAgeMs: 0 }, members: 2, large: true, purged: true,
  epoch: 'epoch-1', seq: 14, first: 3, count: 3, version: 14, reads: 2, lastAt: at,
});

/** A log of which nothing is left, and one that no client ever wrote in. */
function small(at: number): TransferRecord[] {
  return [{
    type: 'room', tenant: 't', forwarded: { seq: 1, reads: 0 },
    head: {
      room: 'a', kind: 'channel', owner: 'ann', createdAt: at, members: 1, large: true,
      purged: false, epoch: 'epoch-2', seq: 1, first: 1, count: 0, version: 1, reads: 0, lastAt: at,
    },
  }, {
    type: 'entry',
    entry: { seq: 1, at, by: 'ann', count: 0, kind: 'create', room: 'channel', members: ['ann'] },
  }, { type: 'member', member: { user: 'ann', since: 1, at } }];
}

function feedOf(at: number): TransferRecord[] {
  const place = { room: 'room ü', epoch: 'epoch-1', at, by: 'ann' };
  const ended = { event: { method: 'room.memberRemoved', params: '{"user":"bob"}' } };
  const row = {
    since: 1, seq: 1, lastAt: at, lastMessage: 0, count: 0, read: 0, reads: 0, large: true,
    ended: false,
  };
  return [
    {
      type: 'user', tenant: 't', user: 'bob', feed: { epoch: 'feed', n: 7, floor: 2 },
      profile: {
        user: 'bob', login: 'b', name: 'Bob', groups: ['g'], active: false, blocked: true,
        revokedBefore: at - 9, lastSeen: at - 8, version: 4,
      },
    },
    { type: 'feedEntry', entry: { ...place, n: 3, seq: 3, kind: 'message' } },
    { type: 'feedEntry', entry: { ...place, n: 4, seq: 9, kind: 'remove', ...ended } },
    { type: 'feedEntry', entry: { ...place, n: 5, seq: 10, kind: 'add' } },
    { type: 'feedEntry', entry: { ...place, n: 6, seq: 14, kind: 'read', by: 'bob' } },
    {
      type: 'feedEntry',
      entry: {
        n: 7, room: '', epoch: '', seq: 0, kind: 'user', at, by: '',
        event: { method: 'user.updated', params: '{}' },
      },
    },
    { type: 'row', row: { ...row, room: 'a', epoch: 'epoch-2', ended: true } },
    {
      type: 'row',
      row: {
        ...row, room: 'room ü', epoch: 'epoch-1', since: 10, seq: 14, lastMessage: 8, count: 3,
        read: 1, reads: 2, large: false,
      },
    },
    { type: 'row', row: { ...row, room: 'z', epoch: 'epoch-3', lastAt: at - 1 } },
  ];
}

/** Records of every kind, with everything in them that can be, in their order. */
export function everyKind(at: number): TransferRecord[] {
  return [
    ...small(at),
    { type: 'room', tenant: 't', head: head(at), forwarded: { seq: 8, reads: 1 } },
    ...logOf(at),
    { type: 'member', member: { user: 'ann', since: 1, at: at - 5 } },
    { type: 'member', member: { user: 'bob', since: 10, at } },
    { type: 'ended', member: { user: 'bob', since: 1, at: at - 5 }, until: 9 },
    { type: 'position', position: { user: 'ann', seq: 8, count: 3, version: 0, at } },
    { type: 'position', position: { user: 'bob', seq: 3, count: 1, version: 2, at } },
    { type: 'user', tenant: 't', user: 'ann', feed: { epoch: 'empty', n: 0, floor: 0 } },
    ...feedOf(at),
    {
      type: 'user', tenant: 't', user: 'cy',
      profile: {
        user: 'cy', groups: [], active: true, blocked: false, revokedBefore: 0, lastSeen: at,
        version: 1,
      },
    },
    { type: 'token', tenant: 't', tokenId: 'jti', until: at + 3_600_000 },
    { type: 'tableRow', table: 'groups', key: 'a ü', value: '{"x":1}' },
    { type: 'tableRow', table: 'groups', key: 'b', value: '' },
    { type: 'tableRow', table: 'rules', key: 'a', value: 'text' },
  ];
}
