import type { Alerts, AlertKind } from './base/alerts.js';
import type { Backend } from './backend.js';

/** Tells operators once when the store stops writing or a shard goes away, and when it is back. */
export class StoreWatch {
  readonly #backend: Backend;
  readonly #node: string;
  readonly #alerts: Alerts;
  #fault: string | undefined;
  readonly #away = new Set<string>();

  constructor(backend: Backend, node: string, alerts: Alerts) {
    this.#backend = backend;
    this.#node = node;
    this.#alerts = alerts;
  }

  /** Compares with how it was at the last look. */
  async look(): Promise<void> {
    const { writable, reason = 'not_writable' } = this.#backend.store.health();
    if (!writable && this.#fault !== reason) {
      const kind: AlertKind = reason === 'storage_full' ? 'storage_full' : 'commit_failed';
      this.#alerts.send({
        kind, subject: this.#node,
        message: `node ${this.#node} refuses writing: ${reason}; `
          + 'calls that write are answered -32009',
      });
    }
    this.#fault = writable ? undefined : reason;
    for (const { shard, reachable } of await this.#backend.membership.shards()) {
      if (reachable === !this.#away.has(shard)) continue;
      if (reachable) this.#away.delete(shard);
      else this.#away.add(shard);
      // The embedded store has said so already, by its reason.
      if (shard === 'embedded') continue;
      this.#alerts.send({
        kind: reachable ? 'shard_back' : 'shard_away', subject: shard,
        message: `shard ${shard} is ${reachable ? 'back' : 'away'}, as node ${this.#node} sees it`,
      });
    }
  }
}
