import { idOf, type RoomKey, type UserKey } from '../base/ids.js';
import type { LogEntry } from '../store/entry.js';
import type { FeedEntry } from '../store/feeds.js';
import type { LogRange, RoomStore } from '../store/rooms.js';
import { eventOf, eventOfLost, receiptEvent, withMember, type EncodedEvent } from './events.js';

/** An entry of a feed as its user is told of it. */
export interface Replayed {
  readonly entry: FeedEntry;
  /** Undefined where only what is unread changes: one's own reading on another device. */
  readonly event: EncodedEvent | undefined;
  /** The key that the entry came under, for its own sender. */
  readonly key: string | undefined;
}

/** Places this close are read as one range. */
const maxGap = 8;

function rangesOf(entries: readonly FeedEntry[]): LogRange[] {
  const seqs = new Map<RoomKey, number[]>();
  for (const { room, seq, kind, event } of entries) {
    if (kind === 'read' || kind === 'user' || event !== undefined) continue;
    const known = seqs.get(room);
    if (known === undefined) seqs.set(room, [seq]);
    else known.push(seq);
  }
  const ranges: LogRange[] = [];
  for (const [room, list] of seqs) {
    list.sort((a, b) => a - b);
    let from: number | undefined;
    let to = 0;
    for (const seq of list) {
      if (from !== undefined && seq - to > maxGap) {
        ranges.push({ room, from, to });
        from = seq;
      }
      from ??= seq;
      to = seq;
    }
    if (from !== undefined) ranges.push({ room, from, to });
  }
  return ranges;
}

/** What is in the logs at the places that the entries name. */
class Logs {
  readonly #entries = new Map<RoomKey, Map<number, LogEntry>>();
  readonly #epochs = new Map<RoomKey, string>();

  async load(rooms: RoomStore, entries: readonly FeedEntry[]): Promise<this> {
    const ranges = rangesOf(entries);
    if (ranges.length === 0) return this;
    const logs = await rooms.ranges(ranges);
    // After the entries, so that a room made anew under the same name is seen to be another: its
    // entries are none of what this user was told (G11).
    const names = [...new Set(ranges.map(({ room }) => room))];
    const heads = await rooms.heads(names);
    for (const [index, room] of names.entries()) {
      const head = heads[index];
      if (head !== undefined) this.#epochs.set(room, head.epoch);
    }
    for (const [index, { room }] of ranges.entries()) {
      let known = this.#entries.get(room);
      if (known === undefined) this.#entries.set(room, known = new Map());
      for (const entry of logs[index] ?? []) known.set(entry.seq, entry);
    }
    return this;
  }

  at(room: RoomKey, epoch: string, seq: number): LogEntry | undefined {
    return this.#epochs.get(room) === epoch ? this.#entries.get(room)?.get(seq) : undefined;
  }
}

async function positionsOf(
  rooms: RoomStore, entries: readonly FeedEntry[], user: string,
): Promise<ReadonlyMap<string, number>> {
  const readers = new Map<RoomKey, Set<string>>();
  for (const { room, kind, by } of entries) {
    if (kind !== 'read' || by === user) continue;
    const known = readers.get(room);
    if (known === undefined) readers.set(room, new Set([by]));
    else known.add(by);
  }
  const positions = new Map<string, number>();
  await Promise.all([...readers].map(async ([room, users]) => {
    for (const position of await rooms.readPositions(room, [...users])) {
      positions.set(`${room}\0${position.user}`, position.seq);
    }
  }));
  return positions;
}

/** Receipts are state: of those of one reader in one room that stand together, the last is told. */
function collapsed(entries: readonly FeedEntry[]): FeedEntry[] {
  return entries.filter((entry, index) => {
    const next = entries[index + 1];
    return !(entry.kind === 'read' && next?.kind === 'read' && next.room === entry.room
      && next.by === entry.by);
  });
}

/**
 * Turns references of a feed into the events that their user was or would have been told, from
 * the logs and the read positions, in few pipelined reads. Texts deleted since come without text.
 */
export async function replay(
  rooms: RoomStore, user: UserKey, page: readonly FeedEntry[],
): Promise<Replayed[]> {
  const self = idOf(user);
  const entries = collapsed(page);
  const [logs, positions] = await Promise.all([
    new Logs().load(rooms, entries), positionsOf(rooms, entries, self),
  ]);
  return entries.map((entry): Replayed => {
    const { room, epoch, seq, at, by, kind } = entry;
    if (kind === 'read') {
      if (by === self) return { entry, event: undefined, key: undefined };
      const read = positions.get(`${room}\0${by}`) ?? seq;
      return { entry, event: receiptEvent(idOf(room), by, read, at), key: undefined };
    }
    const found = logs.at(room, epoch, seq);
    const key = by === self ? found?.key : undefined;
    if (entry.event !== undefined || kind === 'user') return { entry, event: entry.event, key };
    const event = found === undefined
      ? eventOfLost(idOf(room), epoch, seq, at, kind, by) : eventOf(idOf(room), epoch, found);
    return { entry, event, key };
  });
}

/** The params of a replayed event with the sender's key, if it is the sender's. */
export const paramsWithKey = (event: EncodedEvent, key: string | undefined): string =>
  (key === undefined ? event.params : withMember(event.params, 'key', key));
