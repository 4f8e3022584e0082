import type { Durability } from '../store/store.js';
import type { Chat } from './chat.js';

/**
 * Where clients that lose this node go: public URLs of the nodes that live and stay, this one
 * first. A draining node still names itself where it is the last.
 */
export async function publicUrls(app: Pick<Chat, 'membership'>): Promise<string[]> {
  const { node } = app.membership;
  const nodes = await app.membership.nodes();
  const staying = nodes.filter((one) => !one.draining);
  return (staying.length > 0 ? staying : nodes)
    .sort((a, b) => Number(b.node === node) - Number(a.node === node))
    .map((one) => one.url)
    .filter((url) => url !== '');
}

/** Settings of a store change rarely, and anybody may ask: not read for every call. */
const keptMs = 5_000;
const kept = new WeakMap<object, { until: number; durability: Promise<Durability> }>();

/** The durability in force, at most a few seconds old. */
export function durabilityOf(app: Pick<Chat, 'store' | 'clock'>): Promise<Durability> {
  const nowMs = app.clock.monotonic();
  const before = kept.get(app.store);
  if (before !== undefined && before.until > nowMs) return before.durability;
  const durability = app.store.durability();
  kept.set(app.store, { until: nowMs + keptMs, durability });
  durability.catch(() => kept.delete(app.store));
  return durability;
}
