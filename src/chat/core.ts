import type { BusHandler } from '../cluster/bus.js';
import type { DeliveryHandler } from '../store/feeds.js';
import type { Store } from '../store/store.js';
import { Access } from './access/access.js';
import { openPolicy, type Policy } from './access/policy.js';
import { CallKeys } from './call-key.js';
import type { ChatCore, ChatParts } from './chat.js';
import { LogForwarder } from './forwarder.js';
import { SessionHub } from './hub.js';
import { Lanes } from './lanes.js';
import { newWithin } from './new-window.js';
import { OwnCalls } from './own-calls.js';
import { TypingGate } from './typing-gate.js';
import type { Recount } from './unread-notices.js';

/** The core, with what stores and buses are to call: they are made before it. */
export interface Core extends ChatCore {
  /** The store as the policy shows it. */
  readonly store: Store;
  readonly deliver: DeliveryHandler;
  readonly busHandler: BusHandler;
}

/** Everything that the core stands on: the parts of the chat that know no people. */
export type CoreParts = Pick<ChatParts,
  'limits' | 'clock' | 'log' | 'ids' | 'store' | 'bus' | 'topics'>;

/**
 * Puts rooms, messages and feeds together.
 * @param policy the rules in force; the open ones where absent
 * @returns what the methods use, and the handlers that the store's deliveries and the bus's
 *   events are to be handed to
 */
export function createCore(parts: CoreParts, policy: Policy = openPolicy): Core {
  const { limits, clock, log, ids, bus, topics } = parts;
  const store = shownBy(policy, parts);
  const access = new Access(policy);
  const ownCalls = new OwnCalls((session) => hub.release(session));
  const forwarder = new LogForwarder({ store, bus, clock, log, limits });
  const lanes = new Lanes(store.rooms, forwarder);
  const hub: SessionHub = new SessionHub({
    store, clock, log, limits, ownCalls, bus, topics,
    ...(policy.newWithinMs !== undefined && { recount: recounting(store) }),
    async mayListen({ identity }, room) {
      if (identity === undefined) return false;
      const view = await store.rooms.membership(room, identity.user);
      if (view === undefined || !view.head.large) return false;
      return access.explain(identity, 'message.history', view).allowed;
    },
  });
  return {
    store, access, ownCalls, lanes, forwarder, hub,
    keys: new CallKeys(ids),
    typing: new TypingGate(),
    deliver: (deliveries) => hub.deliver(deliveries),
    busHandler: hub,
  };
}

function shownBy({ newWithinMs }: Policy, { store, clock }: CoreParts): Store {
  return newWithinMs === undefined ? store : newWithin(store, clock, newWithinMs);
}

const recounting = ({ feeds }: Store): Recount => async (user, room) => {
  const [[row], total] = await Promise.all([feeds.rows(user, [room]), feeds.total(user)]);
  return { unread: row === undefined ? 0 : Math.max(0, row.count - row.read), total };
};
