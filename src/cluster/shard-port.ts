/** One Lua script: its text and the digest under which a server keeps it. */
export interface Script {
  /** File name without extension, for errors and metrics. */
  readonly name: string;
  readonly text: string;
  /** SHA-1 of the text in hex, for EVALSHA. */
  readonly sha: string;
}

/** Who owns a slot, as this node believes; every script item carries the version. */
export interface SlotOwner {
  readonly shard: string;
  /** Grows with each move of the slot. */
  readonly version: number;
}

/** What a script or command answers: bulk strings come as Buffers, for entries are binary. */
export type Reply = Buffer | number | null | Reply[];

/**
 * How a call to a shard failed: the error of the stores, since whoever calls must answer the same.
 * Reasons: shard_unreachable, storage_full, fenced, overloaded; `unknown` when it was written to
 * the socket and not answered, since it may happen yet (trap 4).
 */
export { StoreError as ShardError } from '../base/fault.js';

/**
 * What the Redis store needs of the ring and its connections.
 *
 * Guarantee: a call is sent at most once, never resent after it was written to a socket; calls
 * to one shard are executed in the order of the calls; it answers or fails within the command
 * timeout.
 */
export interface ShardPort {
  /** Names of all shards of the ring. */
  readonly shards: readonly string[];
  /** Slot of a room key or user key, 0 to 4,095. */
  slotOf(key: string): number;
  owner(slot: number): SlotOwner;
  /** Reads the slot table anew: a shard answered MOVED. Calls at the same time share one read. */
  refresh(): Promise<void>;
  /**
   * What a writing script on this shard is fenced by (G7): `<node> <incarnation>` as this node
   * holds it there. Passed as its first argument; the script answers FENCED when it is not live.
   */
  fence(shard: string): string;
  /**
   * Runs a script with no KEYS: scripts build their keys from slot and id (see store/redis/keys).
   * @throws ShardError
   */
  run(shard: string, script: Script, args: readonly (string | Buffer | number)[]): Promise<Reply>;
  /** One plain command, for reading settings and figures. @throws ShardError */
  call(shard: string, command: string, args: readonly (string | number)[]): Promise<Reply>;
  /** False while the shard is known to be away. */
  reachable(shard: string): boolean;
}
