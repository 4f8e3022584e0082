import { loadScript } from '../../cluster/script.js';

const load = (name: string) => loadScript(name, new URL('./', import.meta.url));

/** Every script of the store, each in its file of the same name. */
export const scripts = {
  append: load('append'),
  settle: load('settle'),
  view: load('view'),
  members: load('members'),
  ranges: load('ranges'),
  messages: load('messages'),
  countBefore: load('count-before'),
  positions: load('positions'),
  pending: load('pending'),
  forward: load('forward'),
  feedRead: load('feed-read'),
  feedRooms: load('feed-rooms'),
  feedRows: load('feed-rows'),
  userGet: load('user-get'),
  userPut: load('user-put'),
  userList: load('user-list'),
  revoke: load('revoke'),
  tableRead: load('table-read'),
  tableWrite: load('table-write'),
  transferPut: load('transfer-put'),
  transferCalls: load('transfer-calls'),
} as const;
