import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from './base/clock.js';
import { roomKey, userKey, type IdSource, type RoomKey } from './base/ids.js';
import type { Bus, RoomEvent, Signal } from './cluster/bus.js';
import type { Membership } from './cluster/membership.js';
import type { StreamCalls, StreamRelay } from './rpc/transport.js';

/** Names that no client can bring up: events have a dot, and a tenant has a name. */
const method = '$relay';
const mailbox = (node: string): RoomKey => roomKey('', `relay:${node}`);

/** Whoever holds the stream says at once that it has the calls; no word means nobody does. */
const takenMs = 1_000;

const asked = Compile(Type.Object({
  id: Type.String(), node: Type.String(), session: Type.String(), user: Type.String(),
  tenant: Type.String(), body: Type.String(), deadlineMs: Type.Optional(Type.Number()),
}));
const answered = Compile(Type.Object({
  id: Type.String(), taken: Type.Boolean(), answer: Type.Optional(Type.String()),
}));

export interface StreamRelayOptions {
  readonly bus: Bus;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Longest life of a call, in milliseconds; 0: none. */
  readonly deadlineMs: number;
  /** See {@link RpcServer.runOnStream}. */
  readonly run: (calls: StreamCalls, reply: (answer: string | undefined) => void) => boolean;
  readonly failed: (error: unknown) => void;
}

interface Waiting {
  readonly settle: (passed: Awaited<ReturnType<StreamRelay>>) => void;
  cancel: () => void;
}

/**
 * Passes the calls of event streams between nodes over the bus: asked as a signal to the nodes that
 * hold the user, answered in the mailbox of the node that asks, a room that only it joined. What is
 * lost on the way shows as an unknown session, after which the client comes back with its keys.
 */
export class StreamRelays {
  readonly #options: StreamRelayOptions;
  readonly #waiting = new Map<string, Waiting>();
  #joined: Promise<void> | undefined;

  constructor(options: StreamRelayOptions) {
    this.#options = options;
  }

  readonly pass: StreamRelay = async (calls) => {
    const { bus, membership, ids } = this.#options;
    const nodes = await membership.nodes();
    if (nodes.every(({ node }) => node === membership.node)) return 'unknown';
    this.#joined ??= bus.join(mailbox(membership.node)).catch((error: unknown) => {
      this.#joined = undefined;
      throw error;
    });
    await this.#joined;
    const id = ids(12);
    const passed = this.#answerTo(id);
    await bus.signal({
      users: [userKey(calls.tenant, calls.user)], method,
      params: JSON.stringify({ id, node: membership.node, ...calls }),
    });
    return passed;
  };

  /** Whether a signal was one of the relay's, and is dealt with. */
  signal(signal: Signal): boolean {
    if (signal.method !== method) return false;
    const value: unknown = JSON.parse(signal.params);
    if (!asked.Check(value)) return true;
    const { id, node, ...calls } = value;
    const tell = (said: { taken: boolean; answer?: string }): void => {
      this.#options.bus.publish({
        room: mailbox(node), seq: 0, epoch: '', method, by: '',
        params: JSON.stringify({ id, ...said }),
      }).catch(this.#options.failed);
    };
    const { run } = this.#options;
    let done = false;
    const here = run(calls, (answer) => {
      done = true;
      tell({ taken: false, ...(answer !== undefined && { answer }) });
    });
    if (here && !done) tell({ taken: true });
    return true;
  }

  /** Whether an event was one of the relay's, and is dealt with. */
  room(event: RoomEvent): boolean {
    if (event.method !== method) return false;
    const value: unknown = JSON.parse(event.params);
    if (!answered.Check(value)) return true;
    const waiting = this.#waiting.get(value.id);
    if (waiting === undefined) return true;
    if (value.taken) this.#waitOn(value.id, waiting);
    else waiting.settle({ answer: value.answer });
    return true;
  }

  #answerTo(id: string): ReturnType<StreamRelay> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        settle: (passed) => {
          waiting.cancel();
          this.#waiting.delete(id);
          resolve(passed);
        },
        cancel: this.#options.clock.after(takenMs, () => waiting.settle('unknown')),
      };
      this.#waiting.set(id, waiting);
    });
  }

  /** Somebody has the calls: their life bounds the wait. */
  #waitOn(id: string, waiting: Waiting): void {
    const { clock, deadlineMs } = this.#options;
    waiting.cancel();
    if (!this.#waiting.has(id) || deadlineMs === 0) return;
    waiting.cancel = clock.after(deadlineMs + takenMs, () => waiting.settle('unknown'));
  }
}
