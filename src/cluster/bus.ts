import type { RoomKey, UserKey } from '../base/ids.js';

/** Something that passes and is kept nowhere, for the sessions of some users: typing. */
export interface Signal {
  readonly users: readonly UserKey[];
  readonly method: string;
  /** Params as JSON text. */
  readonly params: string;
}

/** One entry of a large room or channel, the same for everybody who listens. */
export interface RoomEvent {
  readonly room: RoomKey;
  readonly seq: number;
  readonly epoch: string;
  readonly method: string;
  /** Params as JSON text, with room, seq and epoch and without cursor. */
  readonly params: string;
  readonly by: string;
  readonly key?: string;
}

/**
 * Forwarding between nodes, to nobody who does not need it: a signal goes to the nodes that hold
 * its users, a room event to the nodes that joined the room.
 *
 * Guarantee: none of delivery (a hint, G5): whoever joined notices a missing seq and reads the
 * log. Order is kept for each room from one publisher. Signals may be lost.
 */
export interface Bus {
  signal(signal: Signal): Promise<void>;

  /** Tells one entry of a large room or channel to the nodes that joined it. */
  publish(event: RoomEvent): Promise<void>;
  /**
   * Has this node told of the room's events. Resolves once what is published from now on
   * arrives, so that whoever then reads the head misses nothing (trap 7). Counted.
   */
  join(room: RoomKey): Promise<void>;
  leave(room: RoomKey): Promise<void>;
}

/** Handed to the bus at its making: what it calls with what arrives for this node. */
export interface BusHandler {
  signal(signal: Signal): void;
  room(event: RoomEvent): void;
  /** Publications may have been missed: read feeds and joined rooms again from where they are. */
  gap(): void;
}
