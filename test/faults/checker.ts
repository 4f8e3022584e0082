import type { Event, FinalRoom, Record } from './record.js';

export type FindingKind =
  /** Acknowledged in an epoch that still stands, and not there. */
  | 'lost'
  /** There, and nobody sent it. */
  | 'unexpected'
  /** One sending, two positions; or one position twice on one feed. */
  | 'duplicate'
  /** A feed went back, or one client's sends stand in another order than it sent them. */
  | 'reordered'
  /** A member's feed lacks a message that is there. */
  | 'gap'
  /** One position, two messages. */
  | 'diverging'
  /** Seen by somebody, and refused or not there. */
  | 'aborted read';

export interface Finding {
  readonly kind: FindingKind;
  readonly detail: string;
}

/** One position, in all epochs that were ever seen. */
const place = (room: string, epoch: string, seq: number) => `${room} ${epoch} ${seq}`;

/** Collects findings; the first few of a kind say enough. */
class Findings {
  readonly all: Finding[] = [];
  add(kind: FindingKind, detail: string): void {
    this.all.push({ kind, detail });
  }
}

function checkLog(room: FinalRoom, sent: ReadonlySet<string>, findings: Findings): void {
  const seen = new Map<string, number>();
  let before = 0;
  for (const { seq, text } of room.messages) {
    if (!sent.has(text)) findings.add('unexpected', `${room.room} ${seq}: ${text}`);
    const twice = seen.get(text);
    if (twice !== undefined) {
      findings.add('duplicate', `${room.room}: ${text} at ${twice} and ${seq}`);
    }
    if (seq <= before) findings.add('reordered', `${room.room}: ${seq} after ${before}`);
    seen.set(text, seq);
    before = seq;
  }
}

function checkPositions(record: Record, findings: Findings): void {
  const at = new Map<string, string>();
  const put = (room: string, epoch: string, seq: number, text: string) => {
    const key = place(room, epoch, seq);
    const other = at.get(key);
    if (other === undefined) at.set(key, text);
    else if (other !== text) findings.add('diverging', `${key}: ${other} and ${text}`);
  };
  for (const room of record.rooms) {
    for (const { seq, text } of room.messages) put(room.room, room.epoch, seq, text);
  }
  for (const event of record.events) {
    if (event.kind === 'saw') put(event.room, event.epoch, event.seq, event.text);
    if (event.kind === 'ack') put(event.room, event.epoch, event.seq, event.key);
  }
}

function checkAcknowledged(
  events: readonly Event[], rooms: ReadonlyMap<string, FinalRoom>, findings: Findings,
): void {
  const there = new Map([...rooms].map(([name, room]) => [
    name, new Map(room.messages.map(({ seq, text }) => [text, seq])),
  ]));
  const sends = new Map<string, string[]>();
  const acked = new Map<string, number>();
  for (const event of events) {
    if (event.kind === 'send') {
      const list = sends.get(`${event.client} ${event.room}`) ?? [];
      if (!list.includes(event.key)) list.push(event.key);
      sends.set(`${event.client} ${event.room}`, list);
    } else if (event.kind === 'ack') {
      acked.set(event.key, event.seq);
      const room = rooms.get(event.room);
      // A tail that was lost and shows as a new epoch is no hidden loss (G6).
      if (room?.epoch !== event.epoch) continue;
      const seq = there.get(event.room)?.get(event.key);
      if (seq === undefined) findings.add('lost', `${event.room} ${event.seq}: ${event.key}`);
      else if (seq !== event.seq) {
        findings.add('duplicate', `${event.key} acknowledged at ${event.seq}, stands at ${seq}`);
      }
    }
  }
  for (const [who, keys] of sends) {
    let before = 0;
    for (const key of keys) {
      const seq = acked.get(key);
      if (seq === undefined) continue;
      if (seq < before) findings.add('reordered', `${who}: ${key} at ${seq} after ${before}`);
      before = seq;
    }
  }
}

/** What one client saw of one room. */
interface Seen {
  readonly seqs: Set<number>;
  first: number;
  last: number;
}

type Feeds = ReadonlyMap<string, ReadonlyMap<string, Seen>>;

/** Holds each feed against the logs as it went; answers what each client saw since its reset. */
function checkFeeds(record: Record, rooms: ReadonlyMap<string, FinalRoom>, findings: Findings):
Feeds {
  const stands = new Map(record.rooms.map((room) => [
    room.room, new Set(room.messages.map(({ seq }) => seq)),
  ]));
  const feeds = new Map<string, Map<string, Seen>>();
  for (const event of record.events) {
    // After a reset a feed begins anew; what it missed before was said to be missed.
    if (event.kind === 'reset') feeds.delete(event.client);
    if (event.kind !== 'saw' || event.epoch !== rooms.get(event.room)?.epoch) continue;
    const client = feeds.get(event.client) ?? new Map<string, Seen>();
    feeds.set(event.client, client);
    const seen = client.get(event.room) ?? { seqs: new Set<number>(), first: Infinity, last: 0 };
    client.set(event.room, seen);
    const place = `${event.client} saw ${event.room} ${event.seq}`;
    if (seen.seqs.has(event.seq)) findings.add('duplicate', `${place} twice`);
    else if (event.seq < seen.last) findings.add('reordered', `${place} after ${seen.last}`);
    seen.seqs.add(event.seq);
    seen.first = Math.min(seen.first, event.seq);
    seen.last = event.seq;
    if (stands.get(event.room)?.has(event.seq) !== true) {
      findings.add('aborted read', `${place}, which is not there`);
    }
  }
  return feeds;
}

function checkRefused(events: readonly Event[], findings: Findings): void {
  const refused = new Set(events.flatMap((one) => one.kind === 'refused' ? [one.key] : []));
  for (const event of events) {
    if (event.kind === 'saw' && refused.has(event.text)) {
      findings.add('aborted read', `${event.client} saw ${event.text}, which was refused`);
    }
  }
}

function checkGaps(record: Record, feeds: Feeds, findings: Findings): void {
  const resets = new Set(record.events.flatMap((one) => one.kind === 'reset' ? [one.client] : []));
  for (const room of record.rooms) {
    for (const member of room.members) {
      const seen = feeds.get(member)?.get(room.room);
      for (const { seq } of room.messages) {
        if (seen?.seqs.has(seq) === true) continue;
        if (resets.has(member) && seq < (seen?.first ?? Infinity)) continue;
        findings.add('gap', `${member} never saw ${room.room} ${seq}`);
      }
    }
  }
}

/**
 * Holds a record against the promises (guarantees.md, The checker). An empty list means that
 * nothing acknowledged was lost, doubled or reordered, and that every feed was exact.
 */
export function check(record: Record): Finding[] {
  const findings = new Findings();
  const rooms = new Map(record.rooms.map((room) => [room.room, room]));
  const sent = new Set(record.events.flatMap((one) => one.kind === 'send' ? [one.key] : []));
  for (const room of record.rooms) checkLog(room, sent, findings);
  checkPositions(record, findings);
  checkAcknowledged(record.events, rooms, findings);
  checkGaps(record, checkFeeds(record, rooms, findings), findings);
  checkRefused(record.events, findings);
  return findings.all;
}

/** Counts by kind, for people. */
export function summary(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing lost, doubled, reordered or missed';
  const counts = new Map<string, number>();
  for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const first = findings.slice(0, 5).map(({ kind, detail }) => `  ${kind}: ${detail}`);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
    + `\n${first.join('\n')}`;
}
