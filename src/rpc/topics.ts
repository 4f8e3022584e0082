import { notificationText } from './message.js';
import type { Turn } from './outbox.js';
import type { TopicPublisher } from './session.js';

/** Whoever hears a topic in a form of its own: an event stream, a subscription of the dialect. */
export interface TopicListener {
  notify(method: string, params: string): unknown;
}

export interface TopicsOptions {
  readonly turn: Turn;
  /** Writes one frame to every WebSocket that subscribed to the topic. */
  readonly publishNative: (topic: string, frame: string) => void;
  /** Looks for readers that publishing has left too far behind. */
  readonly checkReaders: () => void;
  /** Bytes that may be published between two such looks. */
  readonly checkEveryBytes: number;
}

/** Topics over WebSockets, where one encoded frame serves all, and over everything else. */
export class Topics implements TopicPublisher {
  readonly #options: TopicsOptions;
  readonly #listeners = new Map<string, Set<TopicListener>>();
  #unchecked = 0;

  constructor(options: TopicsOptions) {
    this.#options = options;
  }

  publish(topic: string, method: string, params: string): void {
    // What was queued before goes first: an answer must not be overtaken by its own event.
    this.#options.turn.flush();
    const frame = notificationText(method, params);
    this.#options.publishNative(topic, frame);
    for (const listener of this.#listeners.get(topic) ?? []) listener.notify(method, params);
    this.#unchecked += frame.length;
    if (this.#unchecked < this.#options.checkEveryBytes) return;
    this.#unchecked = 0;
    this.#options.checkReaders();
  }

  /** Idempotent. */
  add(topic: string, listener: TopicListener): void {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) this.#listeners.set(topic, new Set([listener]));
    else listeners.add(listener);
  }

  /** Idempotent. */
  remove(topic: string, listener: TopicListener): void {
    const listeners = this.#listeners.get(topic);
    if (listeners?.delete(listener) === true && listeners.size === 0) {
      this.#listeners.delete(topic);
    }
  }
}
