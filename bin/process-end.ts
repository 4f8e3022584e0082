import type { Alerts } from '../src/base/alerts.js';
import type { Logger } from '../src/base/log.js';
import type { Server } from '../src/server.js';

/** After a fault the process is gone within 5 s, whatever hangs. */
const emergencyMs = 4_500;

/** What of a server its process needs at the end. */
type Ending = Pick<Server, 'close' | 'abandon'>;

/** The first signal drains; the second one ends at once. */
export function onSignal(server: Ending, log: Logger, leave: (code: number) => void): void {
  let draining = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (draining) {
        log.warn({ signal }, 'ending at once');
        process.exit(1);
      }
      draining = true;
      log.info({ signal }, 'draining: nothing new is taken, what is begun is finished');
      server.close().then(() => {
        log.info('everything is finished');
        leave(0);
      }, (error: unknown) => {
        log.fatal({ err: error }, 'draining failed');
        leave(1);
      });
    });
  }
}

/** A fault that nobody caught: what was acknowledged is delivered, clients are told, then out. */
export function onFault(server: Ending, log: Logger, alerts: Alerts): void {
  let failing = false;
  const fail = (error: unknown): void => {
    log.fatal({ err: error }, 'a fault that nobody caught: this process ends');
    if (failing) return;
    failing = true;
    setTimeout(() => process.exit(1), emergencyMs);
    alerts.send({
      kind: 'crash', subject: `pid ${process.pid}`,
      message: `ringpost ends after a fault: ${error instanceof Error ? error.message : 'unknown'}`,
    });
    void server.abandon().catch((fault: unknown) => log.error({ err: fault }, 'while ending'))
      .then(() => alerts.settled())
      .finally(() => process.exit(1));
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}
