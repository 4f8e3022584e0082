import type { Clock } from './base/clock.js';
import type { Backend } from './backend.js';
import type { Readiness } from './rpc/pages.js';
import { within } from './drain.js';

/** How long the canary may take through the write path. */
const canaryMs = 1_000;

/**
 * Whether calls can be served: not while draining, nor where no shard can write. A canary goes the
 * way of every write through each shard, so that a stuck queue shows too; it writes nothing. One
 * shard that is away concerns its own rooms and users: all nodes see it so, and a balancer that
 * gave up on them would take the others' with them.
 */
export async function readinessOf(
  backend: Backend, clock: Clock, draining: boolean,
): Promise<Readiness> {
  const { store, membership: { node } } = backend;
  if (draining) return { ready: false, node, reason: 'draining' };
  const health = store.health();
  if (!health.writable) return { ready: false, node, reason: health.reason ?? 'not_writable' };
  const startedAt = clock.monotonic();
  const canaries = backend.canaries();
  const passed = new Set<string>();
  await within(clock, canaryMs, Promise.allSettled(canaries.map(({ shard, user }) =>
    store.users.update(user, () => undefined).then(() => { passed.add(shard); }))));
  const away = canaries.map(({ shard }) => shard).filter((shard) => !passed.has(shard));
  if (passed.size === 0) return { ready: false, node, reason: 'canary_lost', away };
  const took = Math.round(clock.monotonic() - startedAt);
  return { ready: true, node, canaryMs: took, ...(away.length > 0 && { away }) };
}
