import { setImmediate as nextTurn } from 'node:timers/promises';
import { idOf, type RoomKey } from '../base/ids.js';
import type { Identity } from '../rpc/identity.js';
import type { MessageEntry } from '../store/entry.js';
import type { Chat } from './chat.js';
import { messageJson } from './events.js';
import type { MessageJson } from './schemas.js';

/** A room to search, with a time that none of its messages is newer than. */
export interface Searched {
  readonly room: RoomKey;
  readonly newestAt: number;
}

interface Scan {
  readonly room: RoomKey;
  epoch: string;
  /** What was read and not looked at, ascending. */
  messages: MessageEntry[];
  before: number | undefined;
  ended: boolean;
  bound: number;
}

const scanPage = 200;

const folded = (text: string): string => text.normalize('NFC').toLowerCase();

/** The right to each room is decided when it is reached, not when the list was read (G11). */
async function fill(app: Chat, identity: Identity, scan: Scan): Promise<void> {
  const { rooms } = app.store;
  const view = await rooms.membership(scan.room, identity.user);
  const allowed = view !== undefined
    && app.access.explain(identity, 'message.search', view).allowed;
  if (!allowed) {
    scan.ended = true;
    return;
  }
  scan.epoch = view.head.epoch;
  const position = scan.before === undefined ? undefined : { before: scan.before };
  const page = await rooms.messages(scan.room, position, scanPage);
  scan.messages = [...page.messages];
  scan.before = page.messages[0]?.seq;
  scan.ended = !page.more;
  scan.bound = page.messages.at(-1)?.at ?? -Infinity;
}

/**
 * Scans rooms side by side, always where the newest message can be, so that matches come newest
 * first over all of them.
 * @param until when to stop, on the monotonic clock in milliseconds
 */
export async function searchRooms(
  app: Chat, identity: Identity, among: readonly Searched[], query: string, limit: number,
  until: number,
): Promise<{ messages: MessageJson[]; more: boolean }> {
  const wanted = folded(query);
  const scans = among.map(({ room, newestAt }): Scan => ({
    room, epoch: '', messages: [], before: undefined, ended: false, bound: newestAt,
  }));
  const found: MessageJson[] = [];
  for (;;) {
    const [next, rival] = newestTwo(scans);
    if (next === undefined) return { messages: found, more: false };
    if (app.clock.monotonic() >= until) return { messages: found, more: true };
    if (next.messages.length === 0) {
      await fill(app, identity, next);
      // A long scan must not hold up everybody else's calls.
      await nextTurn();
      continue;
    }
    while (next.messages.length > 0 && next.bound >= (rival?.bound ?? -Infinity)) {
      const message = next.messages.pop();
      next.bound = next.messages.at(-1)?.at ?? message?.at ?? -Infinity;
      if (message?.text === undefined || !folded(message.text).includes(wanted)) continue;
      if (found.length >= limit) return { messages: found, more: true };
      const key = message.by === identity.user ? message.key : undefined;
      found.push(messageJson(idOf(next.room), next.epoch, message, key));
    }
  }
}

/** The two scans that can have the newest messages left. */
function newestTwo(scans: readonly Scan[]): [Scan | undefined, Scan | undefined] {
  let first: Scan | undefined;
  let second: Scan | undefined;
  for (const scan of scans) {
    if (scan.ended && scan.messages.length === 0) continue;
    if (first === undefined || scan.bound > first.bound) {
      second = first;
      first = scan;
    } else if (second === undefined || scan.bound > second.bound) {
      second = scan;
    }
  }
  return [first, second];
}
