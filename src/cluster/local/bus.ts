import type { RoomKey } from '../../base/ids.js';
import type { Bus, BusHandler, RoomEvent, Signal } from '../bus.js';

/** The bus of a node that stands alone: what is published comes back in the same turn. */
export class LocalBus implements Bus {
  readonly #handler: BusHandler;
  readonly #joined = new Map<RoomKey, number>();

  constructor(handler: BusHandler) {
    this.#handler = handler;
  }

  signal(signal: Signal): Promise<void> {
    this.#handler.signal(signal);
    return Promise.resolve();
  }

  publish(event: RoomEvent): Promise<void> {
    if (this.#joined.has(event.room)) this.#handler.room(event);
    return Promise.resolve();
  }

  join(room: RoomKey): Promise<void> {
    this.#joined.set(room, (this.#joined.get(room) ?? 0) + 1);
    return Promise.resolve();
  }

  leave(room: RoomKey): Promise<void> {
    const count = this.#joined.get(room) ?? 0;
    if (count > 1) this.#joined.set(room, count - 1);
    else this.#joined.delete(room);
    return Promise.resolve();
  }
}
