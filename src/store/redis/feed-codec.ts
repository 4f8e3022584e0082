import { idOf, roomKey, tenantOf, type RoomKey, type UserKey } from '../../base/ids.js';
import type { FeedEntry, RoomRow } from '../feeds.js';
import { ByteReader } from './bytes.js';
import { corrupted, kinds } from './entry-codec.js';

const whole = 128;
const flag = { large: 1, ended: 2 } as const;

/** A feed entry as feed.lua keeps it. @param name its room: epoch NUL room id, or '' for none */
export function decodeFeedEntry(user: UserKey, n: number, bytes: Buffer, name: Buffer): FeedEntry {
  const reader = new ByteReader(bytes);
  reader.u32();
  const seq = reader.u32();
  const kindByte = reader.u8();
  const kind = kinds[(kindByte & (whole - 1)) - 1];
  if (kind === undefined) throw corrupted('feed entry');
  const at = reader.u48();
  const text = name.toString();
  const nul = text.indexOf('\0');
  const place = {
    n, room: roomKey(tenantOf(user), text.slice(nul + 1)), epoch: text.slice(0, Math.max(nul, 0)),
    seq, kind, at,
  };
  if ((kindByte & whole) === 0) return { ...place, by: reader.rest() || idOf(user) };
  const by = reader.text();
  return { ...place, by, event: { method: reader.text(), params: reader.rest() } };
}

/** A row as feed.lua keeps it; undefined once the membership has ended. */
export function decodeRow(room: RoomKey, bytes: Buffer): RoomRow | undefined {
  const reader = new ByteReader(bytes);
  reader.u32();
  const [since, seq, lastAt] = [reader.u32(), reader.u32(), reader.u48()];
  const [lastMessage, count, read] = [reader.u32(), reader.u32(), reader.u32()];
  reader.u32();
  const flags = reader.u8();
  if (flags & flag.ended) return undefined;
  return {
    room, since, seq, lastAt, lastMessage, count, read, large: (flags & flag.large) !== 0,
  };
}
