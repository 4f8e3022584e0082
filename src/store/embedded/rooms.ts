import type { Clock } from '../../base/clock.js';
import { tenantOf, type IdSource, type RoomKey } from '../../base/ids.js';
import type { Limits } from '../../base/limits.js';
import type {
  AppendOp, AppendResult, Forwarded, PendingRoom, ReadPosition, RoomStore,
} from '../rooms.js';
import { decide, type AppendRules } from './append.js';
import { decodeText, emptyValue, encodeText } from './codec.js';
import type { Committer, Tx } from './committer.js';
import type { Expiry } from './expiry.js';
import { agedRange, agingKey, callKeyOf, garbageKey, textAfterNumber } from './keys.js';
import type { Key, Kv } from './kv.js';
import type { Outbox } from './outbox.js';
import { Recent } from './recent.js';
import { firstKept } from './retention.js';
import { decodeCall, encodeCall, type CallRecord } from './room-codec.js';
import { RoomReads } from './room-reads.js';
import { RoomState } from './room-state.js';

/** Bits of a room's epoch: 72, so that no two are ever the same. */
const epochBytes = 9;
const agedAtOnce = 64;
const marksAtOnce = 512;
/** How long a room rests before its mark is taken away. */
const restMs = 2_000;
const agingRetryMs = 1_000;

export interface RoomParts {
  readonly kv: Kv;
  readonly committer: Committer;
  readonly outbox: Outbox;
  readonly expiry: Expiry;
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Rooms whose state the writing side remembers. */
  readonly rememberedRooms: number;
}

/** The rooms on the embedded store; see {@link RoomStore} for what is promised. */
export class EmbeddedRooms extends RoomReads implements RoomStore {
  readonly #states: Recent<RoomKey, RoomState>;
  readonly #rules: AppendRules;

  constructor(private readonly parts: RoomParts) {
    super(parts.kv);
    this.#states = new Recent(parts.rememberedRooms);
    this.#rules = {
      maxMembers: parts.limits.maxMembers,
      feedFanoutLimit: parts.limits.feedFanoutLimit,
      newEpoch: () => parts.ids(epochBytes),
    };
    parts.committer.onVoid(() => this.#states.clear());
    parts.expiry.also((tx, nowMs) => this.#sweepAged(tx, nowMs));
    parts.expiry.also((tx) => this.clearRested(tx, restMs));
  }

  async append(room: RoomKey, ops: readonly AppendOp[]): Promise<AppendResult[]> {
    try {
      return await this.parts.committer.write((tx) => this.#append(tx, room, ops));
    } catch (error) {
      // A decision that failed half way may have changed what is remembered.
      this.#states.delete(room);
      throw error;
    }
  }

  async read(room: RoomKey, user: string, seq: number, at: number): Promise<ReadPosition> {
    return this.parts.committer.write((tx) => this.#read(tx, room, user, seq, at));
  }

  async forwarded(room: RoomKey): Promise<Forwarded> {
    const mark = this.parts.outbox.get(room);
    if (mark !== undefined) return { seq: mark.seq, reads: mark.reads };
    const head = await this.head(room);
    return { seq: head?.seq ?? 0, reads: head?.reads ?? 0 };
  }

  async pending(ageMs: number, limit: number): Promise<PendingRoom[]> {
    return this.parts.outbox.aged(ageMs, limit);
  }

  async settle(room: RoomKey, forwarded: Forwarded, away: readonly string[]): Promise<void> {
    const settle = (tx: Tx): boolean => this.#settle(tx, room, forwarded, away);
    // Losing this costs a second forwarding, which changes nothing: no commit of its own.
    const gone = this.parts.committer.writeAlong(settle);
    if (gone) await this.parts.committer.write(() => {});
  }

  #state(tx: Tx, room: RoomKey): RoomState {
    const known = this.#states.get(room);
    if (known !== undefined) return known;
    const state = new RoomState(room, tx);
    this.#states.set(room, state);
    return state;
  }

  #append(tx: Tx, room: RoomKey, ops: readonly AppendOp[]): AppendResult[] {
    const state = this.#state(tx, room);
    const results: AppendResult[] = [];
    let wrote = false;
    for (const op of ops) {
      if (results.at(-1)?.status === 'stale') {
        // None overtakes the one that must be decided again.
        results.push({ status: 'stale' });
        continue;
      }
      const result = this.#apply(tx, state, op);
      results.push(result);
      wrote ||= result.status === 'ok' && result.entries.length > 0;
    }
    if (!wrote) return results;
    state.mark();
    this.#trim(tx, state);
    const mark = state.forwarded;
    tx.onDurable(() => this.parts.outbox.add(room, mark));
    return results;
  }

  #apply(tx: Tx, state: RoomState, op: AppendOp): AppendResult {
    const key = callKeyOf(state.room, op.by, op.call.key);
    const before = this.#callBefore(tx, key);
    if (before !== undefined) {
      const { seq, at, epoch } = before;
      return before.digest === op.call.digest
        ? { status: 'duplicate', seq, at, epoch } : { status: 'conflict' };
    }
    const { result, head, effects } = decide(state, op, this.#rules);
    if (result.status !== 'ok') return result;
    if (head !== undefined) state.apply(head, effects);
    const { keyWindowMs } = this.parts.limits;
    const expiresAt = keyWindowMs === 0 ? 0 : this.parts.clock.now() + keyWindowMs;
    tx.put(key, encodeCall({
      expiresAt, digest: op.call.digest, seq: result.seq, at: result.at, epoch: result.epoch,
    }));
    if (expiresAt > 0) this.parts.expiry.note(key, expiresAt);
    const maxAgeMs = op.kind === 'create' ? op.history?.maxAgeMs : undefined;
    if (maxAgeMs !== undefined) {
      tx.put(agingKey(result.at + maxAgeMs, state.room), encodeText(result.epoch));
    }
    return result;
  }

  /** What became of an earlier call of the same key, while its window lasts (G3). */
  #callBefore(tx: Tx, key: Key): CallRecord | undefined {
    const bytes = tx.get(key);
    if (bytes === undefined) return undefined;
    const call = decodeCall(bytes);
    return call.expiresAt === 0 || this.parts.clock.now() < call.expiresAt ? call : undefined;
  }

  #read(tx: Tx, room: RoomKey, user: string, seq: number, at: number): ReadPosition {
    const state = this.#state(tx, room);
    const { head, keys } = state;
    const before = state.position(user) ?? { seq: 0, count: 0, version: 0, at: 0 };
    if (head === undefined || keys === undefined || head.purged) return { user, ...before };
    const to = Math.min(seq, head.seq);
    if (to <= before.seq) return { user, ...before };
    const version = head.reads + 1;
    const position = {
      seq: to, count: Math.max(before.count, this.#countAt(state, to)), version, at,
    };
    if (before.version > 0) tx.remove(keys.read(before.version));
    tx.put(keys.read(version), encodeText(user));
    state.setPosition(user, position);
    state.setHead({ ...head, reads: version });
    state.mark();
    const mark = state.forwarded;
    tx.onDurable(() => this.parts.outbox.add(room, mark));
    return { user, ...position };
  }

  /** Ordinal of the newest message at or before a seq. */
  #countAt(state: RoomState, seq: number): number {
    const { head } = state;
    if (head === undefined) return 0;
    if (seq >= head.seq || head.first > head.seq) return head.count;
    const kept = state.entry(Math.max(seq, head.first))?.entry;
    if (kept === undefined) return 0;
    return seq >= head.first || kept.kind !== 'message' ? kept.count : kept.count - 1;
  }

  /** @returns whether the room is gone */
  #settle(tx: Tx, room: RoomKey, forwarded: Forwarded, away: readonly string[]): boolean {
    const state = this.#state(tx, room);
    const { head, keys } = state;
    if (head === undefined || keys === undefined || state.kept === undefined) return false;
    if (away.length > 0) {
      // What the missing shards have not got is not forwarded; the others need not be asked again.
      const whole = head.seq === forwarded.seq && head.reads === forwarded.reads;
      state.setMark({ ...state.forwarded, shards: whole ? away : [] });
      this.parts.outbox.moved(room, state.forwarded);
      return false;
    }
    const seq = Math.min(head.seq, Math.max(forwarded.seq, state.forwarded.seq));
    const reads = Math.min(head.reads, Math.max(forwarded.reads, state.forwarded.reads));
    const moved = seq !== state.forwarded.seq || reads !== state.forwarded.reads;
    state.forwarded = { seq, reads, shards: [] };
    state.dropEnded(seq);
    this.#trim(tx, state);
    // Trap 1: only where nothing came meanwhile.
    if (seq < head.seq || reads < head.reads) {
      if (moved) {
        state.mark();
        this.parts.outbox.moved(room, state.forwarded);
      }
      return false;
    }
    this.parts.outbox.delete(room);
    if (head.purged) {
      tx.put(garbageKey(tenantOf(room), head.epoch), emptyValue());
      state.vanish();
      return true;
    }
    this.parts.outbox.rest(room, state.forwarded);
    return false;
  }

  /**
   * Takes away the marks of rooms that had nothing to deliver for a while: while messages come
   * and go a mark stays, since to write it anew for each costs more than to drive it in vain.
   */
  clearRested(tx: Tx, restMs: number): boolean {
    const rested = this.parts.outbox.rested(restMs, marksAtOnce);
    for (const [room, { seq, reads }] of rested) {
      const state = this.#state(tx, room);
      if (state.head?.seq !== seq || state.head.reads !== reads) continue;
      state.forwarded = { seq, reads, shards: [] };
      state.clearMark();
    }
    return rested.length === marksAtOnce;
  }

  #trim(tx: Tx, state: RoomState): void {
    const { head, keys } = state;
    if (head?.history === undefined || keys === undefined) return;
    const first = firstKept(head, state.forwarded.seq, this.parts.clock.now(),
      (seq) => state.entry(seq)?.entry);
    if (first === head.first) return;
    for (let seq = head.first; seq < first; seq++) tx.remove(keys.entry(seq));
    state.setHead({ ...head, first });
  }

  #sweepAged(tx: Tx, nowMs: number): boolean {
    const due = tx.range(...agedRange(nowMs), { limit: agedAtOnce });
    for (const [key, value] of due) {
      const epoch = decodeText(value, 'epoch');
      tx.remove(key);
      const room = textAfterNumber(key, 1) as RoomKey;
      const state = this.#state(tx, room);
      const maxAgeMs = state.head?.history?.maxAgeMs;
      if (maxAgeMs === undefined || state.head?.epoch !== epoch) continue;
      this.#trim(tx, state);
      const oldest = state.entry(state.head?.first ?? 0)?.entry.at ?? nowMs;
      tx.put(agingKey(Math.max(oldest + maxAgeMs, nowMs + agingRetryMs), room),
        encodeText(epoch));
    }
    return due.length === agedAtOnce;
  }
}
