import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Alert } from '../../../src/base/alerts.js';
import { systemClock } from '../../../src/base/clock.js';
import { createLogger } from '../../../src/base/log.js';
import { afterCrash, noRestarts } from '../../../src/supervisor/backoff.js';
import { LastWords } from '../../../src/supervisor/last-words.js';
import { Supervisor } from '../../../src/supervisor/supervisor.js';

const log = createLogger({ format: 'silent' });

t.test('waits double with each crash, up to a bound, and restart after a long life', async (t) => {
  let restarts = noRestarts;
  const waits: number[] = [];
  for (let crash = 0; crash < 8; crash++) {
    const next = afterCrash(restarts, 10, 0);
    restarts = next.restarts;
    waits.push(next.waitMs);
  }
  t.same(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  t.equal(afterCrash(restarts, 60_000, 0).waitMs, 100);
  t.equal(afterCrash(noRestarts, 10, 0.5).waitMs, 150, 'half of the wait is jitter');
});

t.test('the last lines are remembered, a torn one too', async (t) => {
  const words = new LastWords(2);
  words.add('one\ntw');
  words.add('o\nthree\nfo');
  t.same(words.lines, ['two', 'three', 'fo']);
});

function supervise(script: string, onAlert: (alert: Alert, supervisor: Supervisor) => void) {
  const path = join(mkdtempSync(join(tmpdir(), 'supervisor-')), 'worker.mjs');
  writeFileSync(path, script);
  const alerts: Alert[] = [];
  const supervisor: Supervisor = new Supervisor({
    workers: [{ name: 'one', args: [path] }],
    alerts: {
      send(alert) {
        alerts.push(alert);
        onAlert(alert, supervisor);
      },
      settled: () => Promise.resolve(),
    },
    clock: systemClock, log, random: () => 0, output: () => undefined, stopMs: 5_000,
  });
  return { supervisor, alerts };
}

t.test('a worker that crashes is reported with its last words and started again', async (t) => {
  const { supervisor, alerts } = supervise(
    'console.error("out of luck"); process.exit(7);',
    (alert, self) => {
      if (alert.kind === 'restart') self.stop();
    },
  );
  await supervisor.run();
  const [crash] = alerts;
  t.equal(crash?.kind, 'crash');
  t.match(crash?.message, /exit code 7/);
  t.same(crash?.detail?.['lastWords'], ['out of luck']);
});

t.test('a worker killed by a signal is started again, and ends with the others', async (t) => {
  let killed = false;
  const { supervisor, alerts } = supervise('setInterval(() => {}, 1000); console.log("up");',
    (alert, self) => {
      if (alert.kind === 'restart') self.stop();
    });
  const done = supervisor.run();
  const [pid] = supervisor.pids.values();
  if (pid !== undefined) killed = process.kill(pid, 'SIGKILL');
  await done;
  t.ok(killed);
  t.match(alerts[0]?.message, /SIGKILL/);
});

t.test('wrong settings are not tried again', async (t) => {
  const { supervisor, alerts } = supervise('process.exit(2);', () => undefined);
  t.equal(await supervisor.run(), 2);
  t.same(alerts, []);
});
