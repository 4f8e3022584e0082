import { userKey } from './base/ids.js';
import type { Clock } from './base/clock.js';
import type { Backend } from './backend.js';
import type { Readiness } from './rpc/pages.js';
import { within } from './drain.js';

/** How long the canary may take through the write path. */
const canaryMs = 2_000;

/** A user that nobody can be: the tenant has no name. Writes nothing, but waits its turn. */
const canary = userKey('', 'canary');

/**
 * Whether calls can be served: not while draining, nor where the store can't write. The canary
 * goes the way of every write, so that a stuck queue shows too.
 */
export async function readinessOf(
  backend: Backend, clock: Clock, draining: boolean,
): Promise<Readiness> {
  const { store, membership } = backend;
  const { node } = membership;
  if (draining) return { ready: false, node, reason: 'draining' };
  const health = store.health();
  if (!health.writable) return { ready: false, node, reason: health.reason ?? 'not_writable' };
  const startedAt = clock.monotonic();
  let passed = false;
  await within(clock, canaryMs, store.users.update(canary, () => undefined)
    .then(() => { passed = true; }));
  if (!passed) return { ready: false, node, reason: 'canary_lost' };
  const canaryTookMs = Math.round(clock.monotonic() - startedAt);
  const shards = await membership.shards();
  const away = shards.filter((shard) => !shard.reachable).map((shard) => shard.shard);
  const ready = shards.length === 0 || away.length < shards.length;
  return { ready, node, canaryMs: canaryTookMs, ...(away.length > 0 && { away }) };
}
