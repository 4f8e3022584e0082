import type { Alerts } from './base/alerts.js';
import type { Assembly, Base } from './assemble.js';
import { StoreWatch } from './store-watch.js';

/** How often rooms are looked for whose delivery got stuck, and from what age (trap 1). */
const sweepEveryMs = 1_000;
const sweepAgeMs = 2_000;
const reportEveryMs = 2_000;

/**
 * Starts what runs beside the calls: driving rooms whose mark has aged, those of the time before
 * the start first, telling the others how busy this node is, and operators what is away.
 * @returns stops it
 */
export function startHousekeeping(
  assembly: Assembly, base: Pick<Base, 'clock' | 'log' | 'node'>, draining: () => boolean,
  alerts: Alerts,
): () => void {
  const { core, backend, chat, readUp, mailing } = assembly;
  const { clock, log } = base;
  const watch = new StoreWatch(backend, base.node, alerts);
  let stopped = false;
  let failing = false;

  const sweep = async (ageMs: number): Promise<void> => {
    try {
      const driven = await core.forwarder.sweep(ageMs);
      if (driven > 0) log.info({ rooms: driven }, 'rooms were driven whose delivery was open');
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'rooms with open deliveries cannot be driven');
      failing = true;
    }
    if (!stopped) clock.after(sweepEveryMs, () => void sweep(sweepAgeMs));
  };

  const report = (): void => {
    if (stopped) return;
    const { connections, users } = chat.hub;
    backend.membership.report({ connections, users, draining: draining() });
    watch.look().catch((error: unknown) => log.warn({ err: error }, 'shards cannot be listed'));
    clock.after(reportEveryMs, report);
  };

  void sweep(0);
  report();
  readUp.start();
  mailing.start();
  return () => {
    stopped = true;
    readUp.stop();
    mailing.stop();
  };
}
