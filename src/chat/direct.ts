import { digestOf } from './call-key.js';

/** Ids that begin so are made by room.direct alone. */
export const directPrefix = 'direct:';

const maxBytes = 128;

/**
 * The id of the one dialog of two users: the same whoever asks, so that it is found where it
 * exists. Names both users where that fits an id, so that the peer can be read from it.
 */
export function directRoomId(one: string, other: string): string {
  const [first, second] = one < other ? [one, other] : [other, one];
  const named = `${directPrefix}${first.length}:${first}:${second}`;
  if (Buffer.byteLength(named) <= maxBytes) return named;
  return `${directPrefix}#${digestOf(`${first.length}:${first}${second}`)}`;
}

/** The other user of a dialog, from its id; undefined where only its members can tell. */
export function peerOf(room: string, user: string): string | undefined {
  const parts = /^direct:(\d+):/.exec(room);
  const [head, digits] = parts ?? [];
  if (head === undefined || digits === undefined) return undefined;
  const pair = room.slice(head.length);
  const length = Number(digits);
  const first = pair.slice(0, length);
  const second = pair.slice(length + 1);
  return first === user ? second : first;
}
