import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../rooms.js';
import { checkWhole } from './damage.js';
import { tagRange, textOf } from './keys.js';
import type { Key, Kv, Pair } from './kv.js';
import { LmdbKv } from './kv-lmdb.js';
import { versionOf } from './schema.js';
import { verifyFeed } from './verify-feeds.js';
import { verifyRoom } from './verify-rooms.js';

/** One thing that is not as the room logs say. */
export interface Difference {
  /** Which room or feed, for people. */
  readonly where: string;
  /** What is kept, and what the logs say. */
  readonly what: string;
}

export interface VerifyReport {
  readonly rooms: number;
  readonly entries: number;
  readonly feeds: number;
  readonly feedEntries: number;
  /** At most {@link maxDifferences}; empty where all is well. */
  readonly differences: readonly Difference[];
}

/** Beyond so many a store is not differing but broken. */
export const maxDifferences = 1_000;
/** Pairs read in one go, so that a large store is not held in memory. */
export const pairsAtOnce = 512;

/** Collects what differs. */
export class Findings {
  readonly differences: Difference[] = [];
  rooms = 0;
  entries = 0;
  feeds = 0;
  feedEntries = 0;

  /** Notes a difference unless the two are the same. */
  compare(where: string, what: string, kept: unknown, derived: unknown): void {
    const a = JSON.stringify(kept) ?? 'nothing';
    const b = JSON.stringify(derived) ?? 'nothing';
    if (a !== b) this.note(where, `${what}: kept ${a}, by the log ${b}`);
  }

  note(where: string, what: string): void {
    if (this.differences.length < maxDifferences) this.differences.push({ where, what });
  }
}

/** All pairs of a range, a few at a time. */
export function* pairsOf(kv: Kv, from: Key, to: Key): Generator<Pair> {
  let next = from;
  for (;;) {
    const pairs = kv.range(next, to, { limit: pairsAtOnce });
    yield* pairs;
    const last = pairs.at(-1);
    if (last === undefined || pairs.length < pairsAtOnce) return;
    next = `${last[0]}\0`;
  }
}

/**
 * Rebuilds from the room logs what is kept beside them, and compares: members, sizes, ordinals,
 * read positions by own messages, room lists, unread, and which entries each feed must hold
 * within what it keeps. Explicit reads are in no log; they are checked for their bounds and
 * ordinals. Of a room whose log was trimmed as much is checked as its entries tell.
 *
 * Reads only, and may run beside a server; run it on a stopped one, though, since what is written
 * meanwhile may show as a difference.
 * @param path the data folder
 * @throws Error naming the folder, where there is no store or it can't be read at all
 */
export async function verify(path: string): Promise<VerifyReport> {
  if (!existsSync(join(path, 'data.mdb'))) throw new Error(`the folder ${path} holds no store`);
  checkWhole(path);
  const kv = await LmdbKv.open(path, true);
  try {
    if (versionOf(kv, path) === undefined) throw new Error(`the store in ${path} is empty`);
    return verifyKv(kv);
  } finally {
    await kv.close();
  }
}

/** {@link verify} over an open store. */
export function verifyKv(kv: Kv): VerifyReport {
  const findings = new Findings();
  const guarded = (where: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const why = error.cause instanceof Error ? error.cause.message : error.reason;
      findings.note(where, why);
    }
  };
  guarded('rooms', () => {
    for (const [key, value] of pairsOf(kv, ...tagRange('h'))) {
      guarded(nameOf(key), () => verifyRoom(kv, textOf(key.slice(1)), value, findings));
    }
  });
  guarded('feeds', () => {
    for (const [key, value] of pairsOf(kv, ...tagRange('f'))) {
      guarded(nameOf(key), () => verifyFeed(kv, textOf(key.slice(1)), value, findings));
    }
  });
  const { rooms, entries, feeds, feedEntries, differences } = findings;
  return { rooms, entries, feeds, feedEntries, differences };
}

/** A room's or feed's key as people read it: `tenant/id`. */
const nameOf = (key: Key): string => textOf(key.slice(1)).replace('\0', '/');
