import { loggedAlerts, webhookAlerts, type Alerts } from '../src/base/alerts.js';
import { systemClock } from '../src/base/clock.js';
import { createLogger, type Logger } from '../src/base/log.js';
import type { Settings } from '../src/config.js';
import { limitsHelp, settingsHelp } from '../src/config-help.js';
import { loadSettings } from '../src/config-load.js';
import { createServer } from '../src/server.js';
import { optionsOf } from '../src/settings-options.js';
import { packageInfo } from '../src/version.js';
import { onFault, onSignal } from './process-end.js';
import { supervise } from './supervise.js';

const loggerOf = (settings: Settings): Logger => createLogger({
  format: settings.log ?? (process.stdout.isTTY ? 'people' : 'json'), level: settings.logLevel,
});

function alertsOf(settings: Settings, log: Logger): Alerts {
  const { alertWebhook: url, alertSecret: secret } = settings;
  if (url === undefined) return loggedAlerts(log);
  return webhookAlerts({
    url, clock: systemClock, log, ...(secret !== undefined && { secret }),
  });
}

/** Runs a server until it is told to end; resolves to the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const help = argv.findIndex((arg) => arg === '--help' || arg === '-h');
  if (help >= 0) {
    console.log(argv[help + 1] === 'limits' ? limitsHelp() : settingsHelp());
    return 0;
  }
  const settings = loadSettings({ argv, env: process.env });
  const log = loggerOf(settings);
  const alerts = alertsOf(settings, log);
  if (settings.workers > 0) return supervise(argv, settings, log, alerts);
  return new Promise((resolve) => {
    serve(settings, log, alerts, resolve).catch((error: unknown) => {
      console.error(`ringpost: ${error instanceof Error ? error.message : String(error)}`);
      resolve(error instanceof Error && error.name === 'SettingsError' ? 2 : 1);
    });
  });
}

async function serve(
  settings: Settings, log: Logger, alerts: Alerts, end: (code: number) => void,
): Promise<void> {
  const server = createServer({
    ...optionsOf(settings, log, alerts), superseded: () => leave(1),
  });
  // Timers keep no process alive: while it drains, this does.
  const alive = setInterval(() => undefined, 60_000);
  const leave = (exitCode: number): void => {
    clearInterval(alive);
    end(exitCode);
    // Sockets of others, such as a webhook's, must not hold it up.
    setTimeout(() => process.exit(exitCode), 1_000).unref();
  };
  onFault(server, log, alerts);
  onSignal(server, log, leave);
  if (settings.dev) warnOfDevelopment(log);
  let url: string;
  try {
    url = await server.listen(settings.port, settings.host);
  } catch (error) {
    clearInterval(alive);
    throw error;
  }
  const { level, detail, warnings } = await server.chat.store.durability();
  const { name, version } = packageInfo;
  log.info({ version, node: server.chat.membership.node, durability: level },
    `${name} ${version}: durability ${level}, ${detail}`);
  for (const warning of warnings) log.warn(warning);
  // The one line that scripts wait for.
  process.stdout.write(`ringpost is ready: ${url}\n`);
}

function warnOfDevelopment(log: Logger): void {
  const words = 'DEVELOPMENT MODE: any NAME or NAME:ROLE is taken as a token, NAME:admin too; '
    + 'only this machine can call. Never put a proxy before it';
  log.warn(words);
  process.stderr.write(`\n  *** ${words} ***\n\n`);
}
