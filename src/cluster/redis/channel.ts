import type { Clock } from '../../base/clock.js';
import { GapCounter } from '../gaps.js';
import { nodeChannel, publicationHeader } from '../keys.js';
import { connectRedis, type Redis, type ShardAddress } from '../redis-client.js';

export interface ChannelOptions {
  readonly address: ShardAddress;
  readonly clock: Clock;
  /** A heartbeat that does not come back in this time means that the connection is dead. */
  readonly deafAfterMs: number;
  /** One publication for this node: its kind (one letter), and its body. */
  readonly received: (kind: string, body: Buffer) => void;
  /** Publications may have been missed. */
  readonly gap: () => void;
}

const newline = 10;

/**
 * The connection on which a shard tells this node, and this node alone, what concerns it. Pub/sub
 * is a hint (G5): what is lost on the way shows by its number, at the next heartbeat at the latest.
 */
export class ShardChannel {
  readonly #options: ChannelOptions;
  readonly #client: Redis;
  readonly #gaps = new GapCounter();
  #channel: string | undefined;
  #subscribed = false;
  #waiting: (() => void)[] = [];

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#client = connectRedis(options.address, 'events');
    this.#client.on('messageBuffer', (_channel: Buffer, message: Buffer) => this.#take(message));
    this.#client.on('ready', () => { this.#subscribe(); });
    this.#client.on('close', () => { this.#subscribed = false; });
  }

  get subscribed(): boolean {
    return this.#subscribed;
  }

  open(): void {
    this.#client.connect().catch(() => undefined);
  }

  close(): void {
    this.#channel = undefined;
    this.#client.disconnect();
  }

  /**
   * Resolves once publications to this node arrive.
   * @param node the node's id with the shard's tag
   */
  listen(node: string): Promise<void> {
    const channel = nodeChannel(node);
    if (this.#channel !== channel) this.#subscribed = false;
    this.#channel = channel;
    if (this.#subscribed) return Promise.resolve();
    this.#subscribe();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Where the numbers start, from the script that registered the node. */
  startFrom(published: number): void {
    this.#gaps.reset(published);
  }

  /** A heartbeat goes on its way through the shard; one long under way means a dead connection. */
  beat(): void {
    const now = this.#options.clock.monotonic();
    if (this.#gaps.deaf(now, this.#options.deafAfterMs)) {
      this.#gaps.reset();
      this.#subscribed = false;
      this.#client.disconnect(true);
    }
    this.#gaps.sent(now);
    // A client that gave up begins again.
    if (this.#client.status === 'end') this.open();
  }

  #subscribe(): void {
    const channel = this.#channel;
    if (channel === undefined || this.#client.status !== 'ready') return;
    this.#client.subscribe(channel).then(() => {
      if (this.#channel !== channel) return;
      this.#subscribed = true;
      this.#gaps.reset();
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
      // Nobody who waited: the connection came back by itself, and something may have passed.
      if (waiting.length === 0) this.#options.gap();
    }, () => undefined);
  }

  #take(message: Buffer): void {
    const end = message.indexOf(newline);
    const header = publicationHeader.exec(message.toString('latin1', 0, end + 1));
    const kind = header?.[1];
    if (kind === undefined) return;
    const missed = this.#gaps.take(Number(header?.[2]));
    if (kind === 'B') this.#gaps.arrived();
    else this.#options.received(kind, message.subarray(end + 1));
    if (missed) this.#options.gap();
  }
}
