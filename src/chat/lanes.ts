import { userKey, tenantOf, type RoomKey } from '../base/ids.js';
import { busy } from '../rpc/errors.js';
import type { AppendOp, AppendResult, CallKey, RoomStore } from '../store/rooms.js';
import type { Forwarder, RoomLanes, RoomView, Settled } from './chat.js';
import { mapError } from './map-error.js';
import { ViewCache } from './view-cache.js';

/** Something that waits for what was submitted before it. */
interface Barrier {
  readonly reached: () => void;
}

/** One submitted operation that is not settled yet. */
interface Waiting {
  readonly reached?: undefined;
  readonly user: string;
  readonly decide: (view: RoomView | undefined) => AppendOp;
  readonly handedOn: () => void;
  readonly call: CallKey | undefined;
  /** Undefined where there is none, or when it is done. */
  prepare: (() => Promise<void>) | undefined;
  readonly resolve: (result: Settled) => void;
  readonly reject: (error: unknown) => void;
  /** Times that the store found the view out of date. */
  staleTimes: number;
}

interface Lane {
  readonly room: RoomKey;
  readonly queue: (Waiting | Barrier)[];
  running: boolean;
}

interface Batch {
  readonly waiting: Waiting[];
  readonly ops: AppendOp[];
}

/** Operations of one append: enough to share its cost, few enough to answer soon. */
const maxBatch = 256;
/** A room that changes faster than it can be decided on: give up and say so. */
const maxStaleTimes = 20;

/** Kinds that leave who may do what as it was, so that the next may be decided on the same view. */
const plain: ReadonlySet<AppendOp['kind']> = new Set(['message', 'edit', 'delete']);

/**
 * One lane a room: operations take effect in the order in which they were submitted, one append
 * is in flight, and what arrives meanwhile goes into the next. Views are cached and may be out of
 * date; the store compares versions, and whatever a cached view would refuse is decided again on
 * a fresh one, so a stale cache can neither let in nor keep out.
 */
export class Lanes implements RoomLanes {
  readonly #rooms: RoomStore;
  readonly #forwarder: Pick<Forwarder, 'appended'>;
  readonly #views: ViewCache;
  readonly #lanes = new Map<RoomKey, Lane>();
  #starting: Lane[] = [];

  /** @param maxViews rooms whose view is kept */
  constructor(rooms: RoomStore, forwarder: Pick<Forwarder, 'appended'>, maxViews = 20_000) {
    this.#rooms = rooms;
    this.#forwarder = forwarder;
    this.#views = new ViewCache(maxViews);
  }

  submit(
    room: RoomKey, user: string, decide: (view: RoomView | undefined) => AppendOp,
    handedOn: () => void, call?: CallKey, prepare?: () => Promise<void>,
  ): Promise<Settled> {
    return new Promise((resolve, reject) => {
      let lane = this.#lanes.get(room);
      if (lane === undefined) {
        lane = { room, queue: [], running: false };
        this.#lanes.set(room, lane);
      }
      lane.queue.push({ user, decide, handedOn, call, prepare, resolve, reject, staleTimes: 0 });
      if (!lane.running) {
        lane.running = true;
        this.#start(lane);
      }
    });
  }

  /**
   * At the end of the turn: what one read of a socket brought goes into one append, and with it
   * through forwarding and into one write to each reader. A lane that began at once would take
   * the first call alone, and all of that twice.
   */
  #start(lane: Lane): void {
    this.#starting.push(lane);
    if (this.#starting.length > 1) return;
    setImmediate(() => {
      const starting = this.#starting;
      this.#starting = [];
      for (const one of starting) void this.#run(one);
    });
  }

  async view(room: RoomKey, user: string): Promise<RoomView | undefined> {
    const lane = this.#lanes.get(room);
    if (lane !== undefined) {
      await new Promise<void>((reached) => lane.queue.push({ reached }));
    }
    try {
      return await this.#rooms.membership(room, user);
    } catch (error) {
      throw mapError(error);
    }
  }

  async #run(lane: Lane): Promise<void> {
    while (lane.queue.length > 0) {
      const batch = await this.#gather(lane);
      if (batch.ops.length > 0) await this.#append(lane, batch);
    }
    // Nothing awaited since the queue was seen empty: nobody can have pushed to this lane.
    this.#lanes.delete(lane.room);
  }

  /** Decides operations from the head of the queue until one needs a fresh look at the room. */
  async #gather(lane: Lane): Promise<Batch> {
    const batch: Batch = { waiting: [], ops: [] };
    while (lane.queue.length > 0 && batch.ops.length < maxBatch) {
      const next = lane.queue[0];
      if (next === undefined) break;
      const waits = next.reached !== undefined || next.prepare !== undefined;
      if (waits && batch.ops.length > 0) break;
      if (next.reached !== undefined) {
        lane.queue.shift();
        next.reached();
        continue;
      }
      if (next.prepare !== undefined && !await this.#prepared(next)) {
        lane.queue.shift();
        continue;
      }
      const cached = this.#views.get(lane.room, next.user);
      let op = cached === undefined ? undefined : tryDecide(next, cached);
      if (op === undefined || op instanceof Refusal) {
        // What was decided goes first: the look must not be older than what it is behind.
        if (batch.ops.length > 0) break;
        try {
          op = tryDecide(next, await this.#refresh(lane.room, next.user));
        } catch (error) {
          lane.queue.shift();
          next.reject(mapError(error));
          continue;
        }
      }
      lane.queue.shift();
      if (op instanceof Refusal) {
        await this.#refuse(lane.room, next, op.error);
        continue;
      }
      try {
        next.handedOn();
      } catch (error) {
        next.reject(error);
        continue;
      }
      batch.waiting.push(next);
      batch.ops.push(op);
      if (!plain.has(op.kind)) break;
    }
    return batch;
  }

  /** Answers whether the operation can be decided; if not, its call was answered. */
  async #prepared(waiting: Waiting): Promise<boolean> {
    try {
      await waiting.prepare?.();
      waiting.prepare = undefined;
      return true;
    } catch (error) {
      waiting.reject(mapError(error));
      return false;
    }
  }

  async #refresh(room: RoomKey, user: string): Promise<RoomView | undefined> {
    const view = await this.#rooms.membership(room, user);
    if (view === undefined) this.#views.drop(room);
    else this.#views.put(room, user, view);
    return view;
  }

  /**
   * Answers what the rules refuse, unless its key says that it was done before they did: someone
   * who left, and asks again with the same key whether they did, is told (G3).
   */
  async #refuse(room: RoomKey, waiting: Waiting, error: unknown): Promise<void> {
    if (waiting.call?.given !== true) {
      waiting.reject(error);
      return;
    }
    try {
      // No version is -1: a key that is not known leads to `stale`, and nothing is done.
      const [result] = await this.#rooms.append(room, [{
        kind: 'title', by: waiting.user, at: 0, call: waiting.call, expect: -1,
      }]);
      if (result?.status === 'duplicate') waiting.resolve(result);
      else if (result?.status === 'conflict') waiting.resolve({ status: 'conflict' });
      else waiting.reject(error);
    } catch (fault) {
      waiting.reject(mapError(fault));
    }
  }

  async #append(lane: Lane, batch: Batch): Promise<void> {
    let results: AppendResult[];
    try {
      results = await this.#rooms.append(lane.room, batch.ops);
    } catch (error) {
      this.#views.drop(lane.room);
      const mapped = mapError(error);
      for (const waiting of batch.waiting) waiting.reject(mapped);
      return;
    }
    const again: Waiting[] = [];
    for (const [index, waiting] of batch.waiting.entries()) {
      const result = results[index];
      const op = batch.ops[index];
      if (result === undefined || op === undefined) {
        waiting.reject(new Error('the store answered fewer results than it was given operations'));
      } else if (result.status === 'stale') {
        waiting.staleTimes += 1;
        if (waiting.staleTimes < maxStaleTimes) again.push(waiting);
        else waiting.reject(busy('contended', 50));
      } else if (result.status === 'ok' || result.status === 'duplicate') {
        waiting.resolve(result);
        if (result.status === 'ok') this.#wrote(lane.room, op, result);
      } else {
        waiting.resolve({ status: result.status });
      }
    }
    if (again.length > 0) {
      // Before those that came later, in their own order.
      lane.queue.unshift(...again);
      this.#views.drop(lane.room);
    }
  }

  #wrote(room: RoomKey, op: AppendOp, result: AppendResult & { status: 'ok' }): void {
    if (result.entries.length === 0) return;
    this.#views.wrote(room, op, result);
    this.#forwarder.appended(room, userKey(tenantOf(room), op.by), {
      epoch: result.epoch, version: result.version, entries: result.entries,
    });
  }
}

/** What `decide` threw: the answer to the call. */
class Refusal {
  constructor(readonly error: unknown) {}
}

function tryDecide(waiting: Waiting, view: RoomView | undefined): AppendOp | Refusal {
  try {
    return waiting.decide(view);
  } catch (error) {
    return new Refusal(error);
  }
}
