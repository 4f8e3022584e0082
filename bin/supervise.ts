import { fileURLToPath } from 'node:url';
import type { Alerts } from '../src/base/alerts.js';
import { systemClock } from '../src/base/clock.js';
import { randomId } from '../src/base/ids.js';
import type { Logger } from '../src/base/log.js';
import type { Settings } from '../src/config.js';
import { Supervisor } from '../src/supervisor/supervisor.js';

/** More than draining takes, before a worker is killed. */
const patienceMs = 15_000;

/** Runs the same settings in worker processes that share the port, and keeps them running. */
export async function supervise(
  argv: readonly string[], settings: Settings, log: Logger, alerts: Alerts,
): Promise<number> {
  const script = fileURLToPath(new URL('./ringpost.js', import.meta.url));
  const node = settings.node ?? `node-${randomId(6)}`;
  const several = settings.workers > 1;
  const workers = Array.from({ length: settings.workers }, (_, i) => {
    const name = several ? `${node}-${i + 1}` : node;
    const args = [script, 'serve', ...argv, '--workers', '0', '--node', name];
    if (several) args.push('--reuse-port');
    return { name, args };
  });
  const supervisor = new Supervisor({
    workers, alerts, clock: systemClock, log, random: Math.random,
    output: (_worker, chunk, stream) => {
      (stream === 'out' ? process.stdout : process.stderr).write(chunk);
    },
    stopMs: settings.limits['drainMs'] === undefined
      ? patienceMs + 10_000 : patienceMs + settings.limits['drainMs'],
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.stop());
  const exitCode = await supervisor.run();
  await alerts.settled();
  return exitCode;
}
