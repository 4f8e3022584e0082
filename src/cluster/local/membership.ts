import type { Membership, NodeInfo, ShardInfo } from '../membership.js';

export interface LocalMembershipOptions {
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Known once the server listens. */
  readonly url: () => string;
  readonly shard: () => ShardInfo;
}

/** The membership of a node that stands alone: itself, alive as long as it answers. */
export class LocalMembership implements Membership {
  readonly node: string;
  readonly #options: LocalMembershipOptions;
  #figures = { connections: 0, users: 0, draining: false };

  constructor(options: LocalMembershipOptions) {
    this.node = options.node;
    this.#options = options;
  }

  nodes(): Promise<NodeInfo[]> {
    const { startedAt, url } = this.#options;
    return Promise.resolve([
      { node: this.node, incarnation: startedAt, url: url(), startedAt, ...this.#figures },
    ]);
  }

  shards(): Promise<ShardInfo[]> {
    return Promise.resolve([this.#options.shard()]);
  }

  report(figures: { connections: number; users: number; draining: boolean }): void {
    this.#figures = { ...figures };
  }
}
