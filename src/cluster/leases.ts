/** One look at the leases of a shard, as its heartbeat script answered. */
export interface LeaseReading {
  /** Observer's monotonic clock, in milliseconds. */
  readonly atMs: number;
  /** Live nodes: incarnation and the heartbeat's count. */
  readonly nodes: ReadonlyMap<string, { readonly incarnation: string; readonly beat: string }>;
  /** Dead incarnations that are not swept: `<node> <incarnation>` → dead, resigned, restart. */
  readonly graves: ReadonlyMap<string, string>;
}

/** What an observer remembers of a shard's leases. */
export interface LeaseWatch {
  readonly atMs: number;
  readonly nodes: ReadonlyMap<
    string, { readonly incarnation: string; readonly beat: string; readonly sinceMs: number }
  >;
  /** Since when each grave is known. */
  readonly graves: ReadonlyMap<string, number>;
}

export interface LeaseRules {
  /** A heartbeat unchanged for so long is a dead node's. */
  readonly deadAfterMs: number;
  /** Looks further apart than this prove nothing: the shard, or this process, stood still. */
  readonly maxPauseMs: number;
  /** Time that a lost connection has to come back. */
  readonly graceMs: number;
}

export interface LeaseVerdict {
  readonly watch: LeaseWatch;
  /** To be declared dead, by compare-and-set on exactly these. */
  readonly dead: readonly {
    readonly node: string; readonly incarnation: string; readonly beat: string;
  }[];
  /** Dead incarnations whose users' grace has passed, and how long ago they were last alive. */
  readonly sweep: readonly { readonly grave: string; readonly agoMs: number }[];
}

/**
 * Judges leases by counters and one monotonic clock, so that clocks that jump change nothing, and
 * by looks that followed each other, so that a shard that was away expires nobody.
 * @param before undefined after any look that failed
 */
export function observe(
  before: LeaseWatch | undefined, reading: LeaseReading, self: string, rules: LeaseRules,
): LeaseVerdict {
  const { atMs } = reading;
  const fresh = before === undefined || atMs - before.atMs > rules.maxPauseMs;
  const nodes = new Map<string, { incarnation: string; beat: string; sinceMs: number }>();
  const dead: { node: string; incarnation: string; beat: string }[] = [];
  for (const [node, { incarnation, beat }] of reading.nodes) {
    const seen = fresh ? undefined : before.nodes.get(node);
    const unchanged = seen?.incarnation === incarnation && seen.beat === beat;
    const sinceMs = unchanged ? seen.sinceMs : atMs;
    nodes.set(node, { incarnation, beat, sinceMs });
    if (node !== self && atMs - sinceMs >= rules.deadAfterMs) {
      dead.push({ node, incarnation, beat });
    }
  }
  const graves = new Map<string, number>();
  const sweep: { grave: string; agoMs: number }[] = [];
  for (const [grave, how] of reading.graves) {
    const sinceMs = before?.graves.get(grave) ?? atMs;
    graves.set(grave, sinceMs);
    // The grace runs from the last heartbeat when it was the node that died (G8).
    const agoMs = atMs - sinceMs + (how === 'dead' ? rules.deadAfterMs : 0);
    if (agoMs >= rules.graceMs) sweep.push({ grave, agoMs });
  }
  return { watch: { atMs, nodes, graves }, dead, sweep };
}
