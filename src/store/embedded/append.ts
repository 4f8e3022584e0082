import type { LogEntry, RoomHead } from '../entry.js';
import type { AppendOp, AppendResult } from '../rooms.js';
import type { Stored } from './entry-codec.js';
import type { Interval, Position } from './room-codec.js';

/** A room as a decision reads it. */
export interface RoomReader {
  readonly head: RoomHead | undefined;
  member(user: string): Interval | undefined;
  position(user: string): Position | undefined;
  /** An entry that is kept, undefined below `first` and above the head. */
  entry(seq: number): Stored | undefined;
}

/** What a decision changes beside the head. */
export type Effect =
  | { readonly to: 'log'; readonly stored: Stored }
  | { readonly to: 'members'; readonly user: string; readonly interval: Interval }
  | {
    readonly to: 'ended'; readonly user: string; readonly interval: Interval;
    readonly until: number;
  }
  | { readonly to: 'positions'; readonly user: string; readonly position: Position };

export interface Decision {
  readonly result: AppendResult;
  /** The head afterwards, absent where nothing changed. */
  readonly head?: RoomHead;
  readonly effects: readonly Effect[];
}

export interface AppendRules {
  /** 0 for none. */
  readonly maxMembers: number;
  /** 0 for none. */
  readonly feedFanoutLimit: number;
  /** A random epoch for a room that begins (trap 12). */
  newEpoch(): string;
}

const refuse = (status: 'stale' | 'conflict' | 'exists' | 'missing' | 'full'): Decision =>
  ({ result: { status }, effects: [] });

/** Collects what one operation writes; numbers its entries without gap (G2). */
class Draft {
  readonly effects: Effect[] = [];
  readonly entries: LogEntry[] = [];

  constructor(public head: RoomHead, private readonly op: AppendOp) {}

  /** What every entry has, for the next seq. `at` never falls within a room. */
  next(messages: 0 | 1 = 0): {
    seq: number; at: number; by: string; count: number; key?: string;
  } {
    const { op } = this;
    return {
      seq: this.head.seq + 1,
      at: Math.max(op.at, this.head.lastAt),
      by: op.by,
      count: this.head.count + messages,
      ...(op.call.given ? { key: op.call.key } : {}),
    };
  }

  add(entry: LogEntry, chain = 0, change: Partial<RoomHead> = {}): void {
    this.entries.push(entry);
    this.effects.push({ to: 'log', stored: { entry, chain } });
    this.head = {
      ...this.head, seq: entry.seq, lastAt: entry.at, count: entry.count, ...change,
    };
  }

  /** The room outgrew the feeds: logged, so that all know from which entry on (trap 11). */
  growLarge(limit: number): void {
    if (limit === 0 || this.head.large || this.head.members <= limit) return;
    const entry: LogEntry = { ...this.next(), kind: 'large' };
    this.add(entry, 0, { large: true, version: entry.seq });
  }

  done(): Decision {
    const { head } = this;
    return {
      result: {
        status: 'ok', seq: head.seq, at: head.lastAt, epoch: head.epoch, version: head.version,
        entries: this.entries,
      },
      ...(this.entries.length > 0 ? { head } : {}),
      effects: this.effects,
    };
  }
}

/**
 * What one operation does to a room, as it is found. Pure: whoever calls looked up the key (G3)
 * and compared nothing else.
 */
export function decide(room: RoomReader, op: AppendOp, rules: AppendRules): Decision {
  const { head } = room;
  if (op.kind === 'create') {
    return head === undefined ? create(op, rules) : refuse('exists');
  }
  if ((head?.version ?? 0) !== op.expect) return refuse('stale');
  if (head === undefined || head.purged) return refuse('missing');
  const draft = new Draft(head, op);
  switch (op.kind) {
    case 'message':
      return message(room, op, draft);
    case 'edit':
      return edit(room, op, draft);
    case 'delete':
      return remove(room, op, draft);
    case 'add':
      return addMembers(room, op, rules, draft);
    case 'remove':
      return removeMember(room, op.user, draft);
    case 'title': {
      if (op.title === head.title) return draft.done();
      const { title: _, ...untitled } = head;
      const title = op.title === undefined ? {} : { title: op.title };
      const entry: LogEntry = { ...draft.next(), kind: 'title', ...title };
      draft.head = untitled;
      draft.add(entry, 0, { ...title, version: entry.seq });
      return draft.done();
    }
    case 'purge': {
      const entry: LogEntry = { ...draft.next(), kind: 'purge' };
      draft.add(entry, 0, { purged: true, version: entry.seq });
      return draft.done();
    }
  }
}

type Of<K extends AppendOp['kind']> = Extract<AppendOp, { kind: K }>;

function create(op: Of<'create'>, rules: AppendRules): Decision {
  const members = [...new Set(op.members)];
  if (rules.maxMembers > 0 && members.length > rules.maxMembers) return refuse('full');
  const title = op.title === undefined ? {} : { title: op.title };
  const history = op.history === undefined ? {} : { history: op.history };
  const draft = new Draft({
    room: '', kind: op.room, ...title, owner: op.by, createdAt: op.at, ...history,
    members: members.length, large: op.room === 'channel', purged: false,
    epoch: rules.newEpoch(), seq: 0, first: 1, count: 0, version: 0, reads: 0, lastAt: 0,
  }, op);
  const entry: LogEntry = {
    ...draft.next(), kind: 'create', room: op.room, ...title, members, ...history,
  };
  draft.add(entry, 0, { version: entry.seq });
  for (const user of members) {
    draft.effects.push({ to: 'members', user, interval: { since: entry.seq, at: entry.at } });
  }
  draft.growLarge(rules.feedFanoutLimit);
  return draft.done();
}

function message(room: RoomReader, op: Of<'message'>, draft: Draft): Decision {
  const entry: LogEntry = {
    ...draft.next(1), kind: 'message',
    ...(op.text === undefined ? {} : { text: op.text }),
    ...(op.body === undefined ? {} : { body: op.body }),
    ...(op.replyTo === undefined ? {} : { replyTo: op.replyTo }),
  };
  draft.add(entry);
  draft.effects.push({
    to: 'positions', user: op.by,
    position: {
      seq: entry.seq, count: entry.count, at: entry.at,
      version: room.position(op.by)?.version ?? 0,
    },
  });
  return draft.done();
}

/** The message that an edit or deletion is for, with the place of its newest edit. */
function messageAt(room: RoomReader, seq: number): Stored | undefined {
  const stored = room.entry(seq);
  return stored?.entry.kind === 'message' && stored.entry.deleted !== true ? stored : undefined;
}

function edit(room: RoomReader, op: Of<'edit'>, draft: Draft): Decision {
  const target = messageAt(room, op.target);
  if (target?.entry.kind !== 'message') return refuse('missing');
  const entry: LogEntry = { ...draft.next(), kind: 'edit', target: op.target, text: op.text };
  draft.add(entry, target.chain);
  const { body: _, ...rest } = target.entry;
  draft.effects.push({
    to: 'log',
    stored: { entry: { ...rest, text: op.text, editedAt: entry.at }, chain: entry.seq },
  });
  return draft.done();
}

/** Takes a message's text away, from its edits too: nobody reads it again anywhere (G11). */
function remove(room: RoomReader, op: Of<'delete'>, draft: Draft): Decision {
  const target = messageAt(room, op.target);
  if (target?.entry.kind !== 'message') return refuse('missing');
  const entry: LogEntry = { ...draft.next(), kind: 'delete', target: op.target };
  draft.add(entry);
  const { text: _, body: _body, ...rest } = target.entry;
  draft.effects.push({ to: 'log', stored: { entry: { ...rest, deleted: true }, chain: 0 } });
  for (let seq = target.chain; seq !== 0;) {
    const stored = room.entry(seq);
    if (stored?.entry.kind !== 'edit') break;
    const { text: _text, ...bare } = stored.entry;
    draft.effects.push({ to: 'log', stored: { entry: bare, chain: 0 } });
    seq = stored.chain;
  }
  return draft.done();
}

function addMembers(
  room: RoomReader, op: Of<'add'>, rules: AppendRules, draft: Draft,
): Decision {
  const users = [...new Set(op.users)].filter((user) => room.member(user) === undefined);
  const { maxMembers } = rules;
  if (maxMembers > 0 && draft.head.members + users.length > maxMembers && users.length > 0) {
    return refuse('full');
  }
  for (const user of users) {
    const entry: LogEntry = { ...draft.next(), kind: 'add', user };
    draft.add(entry, 0, { members: draft.head.members + 1, version: entry.seq });
    draft.effects.push({ to: 'members', user, interval: { since: entry.seq, at: entry.at } });
  }
  draft.growLarge(rules.feedFanoutLimit);
  return draft.done();
}

function removeMember(room: RoomReader, user: string, draft: Draft): Decision {
  const interval = room.member(user);
  if (interval === undefined) return draft.done();
  const entry: LogEntry = { ...draft.next(), kind: 'remove', user };
  draft.add(entry, 0, { members: draft.head.members - 1, version: entry.seq });
  draft.effects.push({ to: 'ended', user, interval, until: entry.seq });
  return draft.done();
}
