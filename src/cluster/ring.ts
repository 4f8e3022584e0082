import xxhash from 'xxhash-wasm';

const { h64 } = await xxhash();

/** Slots of the ring: enough that 16 shards differ by little, few enough to move one by one. */
export const slotCount = 4096;
const slotMask = BigInt(slotCount - 1);

/** Points of each shard on the ring. */
const virtualNodes = 160;
/** A shard that is offered more than this times its share passes the slot on. */
const loadBound = 1.05;

/** The slot of a key: xxhash64(key) mod 4,096, the same in every process. */
export const slotOf = (key: string): number => Number(h64(key) & slotMask);

/** Which shard owns each slot: `owners[slot]` is the shard's name. */
export type Assignment = readonly string[];

interface Point {
  readonly at: bigint;
  readonly shard: string;
}

/** All points of the ring in its order; equal points by name, so that every node agrees. */
function ring(shards: readonly string[]): Point[] {
  const points: Point[] = [];
  for (const shard of shards) {
    for (let n = 0; n < virtualNodes; n += 1) points.push({ at: h64(`${shard}#${n}`), shard });
  }
  return points.sort((a, b) => {
    if (a.at !== b.at) return a.at < b.at ? -1 : 1;
    return a.shard < b.shard ? -1 : 1;
  });
}

/** Index of the first point at or after a position, round the ring. */
function firstAfter(points: readonly Point[], position: bigint): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const point = points[middle];
    if (point !== undefined && point.at < position) low = middle + 1;
    else high = middle;
  }
  return low === points.length ? 0 : low;
}

const placeOf = (slot: number): bigint => h64(`slot:${slot}`);

/** Gives slots to the first shard on the ring that is not full yet (bounded loads). */
function place(
  slots: readonly number[], shards: readonly string[], owners: string[], loads: Map<string, number>,
): void {
  const points = ring(shards);
  const bound = Math.ceil((slotCount / shards.length) * loadBound);
  for (const slot of slots) {
    let index = firstAfter(points, placeOf(slot));
    for (let step = 0; step < points.length; step += 1) {
      const shard = points[index]?.shard ?? '';
      const load = loads.get(shard) ?? 0;
      if (load < bound) {
        owners[slot] = shard;
        loads.set(shard, load + 1);
        break;
      }
      index = (index + 1) % points.length;
    }
  }
}

/** How soon the ring offers a slot to a shard: the fewer points between, the sooner. */
function ranks(shard: string, shards: readonly string[]): number[] {
  const points = ring(shards);
  // Walking back once gives each point its distance to the shard's next point.
  const distance = new Array<number>(points.length).fill(points.length);
  for (let step = 2 * points.length - 1; step >= 0; step -= 1) {
    const index = step % points.length;
    const next = distance[(index + 1) % points.length] ?? points.length;
    distance[index] = points[index]?.shard === shard ? 0 : next + 1;
  }
  return Array.from({ length: slotCount }, (_, slot) =>
    distance[firstAfter(points, placeOf(slot))] ?? points.length);
}

/** A newcomer takes its share: each time from whoever has most, what the ring offers soonest. */
function giveShare(newcomer: string, shards: readonly string[], owners: string[]): void {
  const rank = ranks(newcomer, shards);
  const held = new Map<string, number[]>();
  for (let slot = 0; slot < slotCount; slot += 1) {
    const owner = owners[slot] ?? '';
    const list = held.get(owner);
    if (list === undefined) held.set(owner, [slot]);
    else list.push(slot);
  }
  // The soonest stands last, to be popped.
  for (const list of held.values()) {
    list.sort((a, b) => (rank[b] ?? 0) - (rank[a] ?? 0) || b - a);
  }
  const donors = [...held.keys()].sort();
  for (let taken = 0; taken < Math.floor(slotCount / shards.length); taken += 1) {
    let most: number[] = [];
    for (const donor of donors) {
      const list = held.get(donor) ?? [];
      if (list.length > most.length) most = list;
    }
    const slot = most.pop();
    if (slot === undefined) return;
    owners[slot] = newcomer;
  }
}

/**
 * Proposes which shard owns each slot: a consistent-hash ring with virtual nodes and bounded
 * loads. A pure function of its arguments, whatever the order of the list, so that every node
 * proposes the same; the stored table is the truth.
 *
 * No shard gets more than 10 % over its share. With `before`, a shard that is new takes its share
 * and a shard that is gone leaves its own; nothing moves between those that stay.
 * @param shards names, at least one, each once
 * @param before the assignment that holds now; absent for the first
 * @throws RangeError for an empty list or a name that stands in it twice
 */
export function propose(shards: readonly string[], before?: Assignment): Assignment {
  const names = [...new Set(shards)].sort();
  if (names.length === 0) throw new RangeError('a ring needs at least one shard');
  if (names.length !== shards.length) throw new RangeError('a shard name stands in the list twice');
  if (names.length > slotCount) throw new RangeError(`at most ${slotCount} shards`);
  const owners: string[] = new Array<string>(slotCount).fill('');
  const staying = before === undefined ? names : names.filter((name) => before.includes(name));
  // Where nobody stays, all begin anew.
  const first = staying.length === 0 ? names : staying;
  const loads = new Map<string, number>();
  const open: number[] = [];
  for (let slot = 0; slot < slotCount; slot += 1) {
    const owner = before?.[slot];
    if (owner !== undefined && first.includes(owner)) {
      owners[slot] = owner;
      loads.set(owner, (loads.get(owner) ?? 0) + 1);
    } else {
      open.push(slot);
    }
  }
  place(open, first, owners, loads);
  const present = [...first];
  for (const name of names) {
    if (present.includes(name)) continue;
    present.push(name);
    giveShare(name, present, owners);
  }
  return owners;
}
