import type { UserKey } from '../base/ids.js';

/** A node as the others see it. */
export interface NodeInfo {
  readonly node: string;
  /** Grows with each start under the same id; scripts carry it (G7). */
  readonly incarnation: number;
  /** Where clients reach it. */
  readonly url: string;
  readonly draining: boolean;
  readonly connections: number;
  readonly users: number;
  readonly startedAt: number;
}

/** A shard as this node sees it. */
export interface ShardInfo {
  readonly shard: string;
  readonly reachable: boolean;
  /** Milliseconds of the last canary; absent while it has not come back. */
  readonly roundTripMs?: number;
  readonly durability: string;
}

/**
 * Which nodes live. Guarantee: of two processes under one id only the later writes; a node that
 * was declared dead is told so and can't write until it has registered anew (G7).
 */
export interface Membership {
  readonly node: string;
  /** Live nodes, this one included. */
  nodes(): Promise<NodeInfo[]>;
  shards(): Promise<ShardInfo[]>;
  /** What the others read of this node, told at each heartbeat. */
  report(figures: { connections: number; users: number; draining: boolean }): void;
}

/** Handed to the membership at its making. */
export interface MembershipHandler {
  /**
   * Declared dead on a shard: close the sockets of the users there; they register anew.
   * @param concerns whether a user lives on that shard
   */
  fenced(shard: string, concerns: (user: UserKey) => boolean): void;
  /** Another process took this node's id: stop. */
  superseded(): void;
}
