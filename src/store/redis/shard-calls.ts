import { StoreError } from '../../base/fault.js';
import type { Reply, Script, ShardPort } from '../../cluster/shard-port.js';

type Args = readonly (string | Buffer | number)[];

const attempts = 8;
const retryMs = 25;

/** A script's answer says that the slot is not owned as the caller believed. */
export const moved = (reply: Reply): boolean => reply === 0;

const damaged = (wanted: string): StoreError => new StoreError(
  'unknown', 'fault', 0, new TypeError(`a script did not answer with a ${wanted}`));

export function listOf(reply: Reply | undefined): Reply[] {
  if (!Array.isArray(reply)) throw damaged('list');
  return reply;
}
export function numberOf(reply: Reply | undefined): number {
  if (typeof reply !== 'number') throw damaged('number');
  return reply;
}
export function bytesOf(reply: Reply | undefined): Buffer {
  if (!Buffer.isBuffer(reply)) throw damaged('text');
  return reply;
}
export const textOf = (reply: Reply | undefined): string => bytesOf(reply).toString();

/** Calls of scripts that change nothing a second time: asked again where a slot moved. */
export class ShardCalls {
  constructor(
    readonly port: ShardPort,
    private readonly after: (delayMs: number, run: () => void) => () => void,
  ) {}

  /**
   * Asks one item, by its slot.
   * @param args from the version that is believed to the script's arguments
   */
  async one(slot: number, script: Script, args: (version: number) => Args): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const { shard, version } = this.port.owner(slot);
      const reply = await this.port.run(shard, script, args(version));
      if (!moved(reply)) return reply;
      await this.#refresh(attempt);
    }
  }

  /**
   * Asks many items, those of one shard in one call.
   * @param slotOf slot of an item
   * @param pack one item with the version that is believed
   * @returns one answer an item, in their order
   */
  async many<I>(
    items: readonly I[], script: Script, slotOf: (item: I) => number,
    pack: (item: I, slot: number, version: number) => Buffer, before: Args = [],
  ): Promise<Reply[]> {
    const replies: Reply[] = new Array<Reply>(items.length).fill(null);
    let open = items.map((_, index) => index);
    for (let attempt = 1; open.length > 0; attempt++) {
      const byShard = new Map<string, { indexes: number[]; args: Buffer[] }>();
      for (const index of open) {
        const item = items[index];
        if (item === undefined) continue;
        const slot = slotOf(item);
        const { shard, version } = this.port.owner(slot);
        let group = byShard.get(shard);
        if (group === undefined) byShard.set(shard, group = { indexes: [], args: [] });
        group.indexes.push(index);
        group.args.push(pack(item, slot, version));
      }
      const again: number[] = [];
      await Promise.all([...byShard].map(async ([shard, { indexes, args }]) => {
        const answers = listOf(await this.port.run(shard, script, [...before, ...args]));
        indexes.forEach((index, at) => {
          const answer = answers[at] ?? null;
          if (moved(answer)) again.push(index);
          else replies[index] = answer;
        });
      }));
      open = again;
      if (open.length > 0) await this.#refresh(attempt);
    }
    return replies;
  }

  async #refresh(attempt: number): Promise<void> {
    if (attempt >= attempts) throw new StoreError('refused', 'slot_moving', 200);
    if (attempt > 1) {
      await new Promise<void>((resolve) => { this.after(retryMs * attempt, resolve); });
    }
    await this.port.refresh();
  }
}
