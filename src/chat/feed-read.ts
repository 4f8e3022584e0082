import { compact } from '../base/compact.js';
import { idOf, roomKey, userKey, type RoomKey, type UserKey } from '../base/ids.js';
import type { Limits } from '../base/limits.js';
import type { Identity } from '../rpc/identity.js';
import type { Chat } from './chat.js';
import { encodeCursor, type Cursor } from './cursor.js';
import { eventOf, withMember } from './events.js';
import { fitting } from './fit.js';
import { paramsWithKey, replay, type Replayed } from './replay.js';
import { largeRoomsOf, stateOf } from './room-rows.js';
import type { RoomHeadsJson, StateJson } from './schemas.js';

export interface FeedEventJson {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** A page of a feed as feed.read answers it. */
export interface FeedRead {
  events: FeedEventJson[];
  cursor: string;
  more: boolean;
  recovered: boolean;
  state?: StateJson;
  rooms?: RoomHeadsJson;
}

export interface FeedWanted {
  readonly since?: Cursor;
  readonly limit: number;
  readonly rooms?: Readonly<Record<string, { seq: number; epoch: string }>>;
}

/** Params that this server encoded, as an object again. */
const objectOf = (params: string): Record<string, unknown> => JSON.parse(params);

function eventJson({ entry, event, key }: Replayed, epoch: string): FeedEventJson[] {
  if (event === undefined) return [];
  const params = withMember(paramsWithKey(event, key), 'cursor', encodeCursor(epoch, entry.n));
  return [{ method: event.method, params: objectOf(params) }];
}

/** What is unread in the rooms that the page touched: state, so told once each. */
async function unreadEvents(
  app: Chat, user: UserKey, replayed: readonly Replayed[],
): Promise<FeedEventJson[]> {
  const rooms = [...new Set(replayed
    .filter(({ entry: { kind, by } }) => kind === 'message' || kind === 'remove'
      || kind === 'purge' || (kind === 'read' && by === idOf(user)))
    .map(({ entry }) => entry.room))];
  if (rooms.length === 0) return [];
  const [rows, total] = await Promise.all([
    app.store.feeds.rows(user, rooms), app.store.feeds.total(user),
  ]);
  const at = app.clock.now();
  return rooms.flatMap((room, index): FeedEventJson[] => {
    const row = rows[index];
    if (row?.large === true) return [];
    const unread = row === undefined ? 0 : Math.max(0, row.count - row.read);
    return [{ method: 'unread.changed', params: { room: idOf(room), unread, total, at } }];
  });
}

interface RoomsRead {
  readonly events: FeedEventJson[];
  readonly heads: RoomHeadsJson;
  readonly more: boolean;
}

/** Large rooms and channels, each by its own log; the caller's right to each is decided anew. */
async function readRooms(
  app: Chat, identity: Identity, named: FeedWanted['rooms'], limit: number,
): Promise<RoomsRead> {
  const user = userKey(identity.tenant, identity.user);
  const own = (await largeRoomsOf(app.store, user)).map(({ room }) => room);
  const places = new Map<RoomKey, { seq: number; epoch: string }>(Object.entries(named ?? {})
    .map(([room, place]) => [roomKey(identity.tenant, room), place]));
  const events: FeedEventJson[] = [];
  const heads: [string, RoomHeadsJson[string]][] = [];
  let more = false;
  for (const room of new Set([...places.keys(), ...own])) {
    const view = await app.store.rooms.membership(room, identity.user);
    if (view === undefined || !view.head.large) continue;
    if (!app.access.explain(identity, 'message.history', view).allowed) continue;
    const { seq, epoch, first } = view.head;
    const place = places.get(room);
    if (place === undefined) {
      heads.push([idOf(room), { seq, epoch }]);
      continue;
    }
    const recovered = place.epoch === epoch && place.seq <= seq && place.seq >= first - 1;
    const from = recovered ? place.seq : seq;
    const to = Math.min(seq, from + Math.max(0, limit - events.length));
    const [entries] = to > from
      ? await app.store.rooms.ranges([{ room, from: from + 1, to }]) : [];
    for (const entry of entries ?? []) {
      const { method, params } = eventOf(idOf(room), epoch, entry);
      const key = entry.by === identity.user ? entry.key : undefined;
      events.push({ method, params: compact({ ...objectOf(params), key }) });
    }
    if (to < seq) more = true;
    heads.push([idOf(room), { seq: to, epoch, recovered }]);
  }
  return { events, heads: Object.fromEntries(heads), more };
}

/** One page of a feed, the same events that a push connection gets, then its large rooms. */
export async function readFeed(
  app: Chat, identity: Identity, wanted: FeedWanted, limits: Readonly<Limits>,
): Promise<FeedRead> {
  const user = userKey(identity.tenant, identity.user);
  const { since, limit } = wanted;
  const page = await app.store.feeds.read(user, since?.n ?? 0, since === undefined ? 0 : limit);
  const known = since === undefined || (since.epoch === page.epoch
    && since.n >= page.floor && since.n <= page.head);
  const head = encodeCursor(page.epoch, page.head);
  const none = { events: [], cursor: head, more: false };
  if (!known) {
    const state = await stateOf(app.store, user, limits.maxAnswerBytes / 2);
    return { ...none, recovered: false, state };
  }
  const rooms = await readRooms(app, identity, wanted.rooms, limit);
  const heads = Object.keys(rooms.heads).length === 0 ? {} : { rooms: rooms.heads };
  if (since === undefined) {
    return { ...none, events: rooms.events, more: rooms.more, recovered: true, ...heads };
  }
  const budget = limits.maxAnswerBytes / 2;
  const replayed = await replay(app.store.rooms, user, page.entries);
  const fits = fitting(replayed.map((one) => eventJson(one, page.epoch)), budget);
  const shown = replayed.slice(0, fits);
  const last = shown.at(-1)?.entry.n ?? since.n;
  return {
    events: [
      ...shown.flatMap((one) => eventJson(one, page.epoch)),
      ...await unreadEvents(app, user, shown),
      ...rooms.events,
    ],
    cursor: encodeCursor(page.epoch, last),
    more: last < page.head || rooms.more,
    recovered: true,
    ...heads,
  };
}
