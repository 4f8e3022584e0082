import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export interface LogOptions {
  /** `json` for machines, `people` for a terminal, `silent` for tests. */
  readonly format: 'json' | 'people' | 'silent';
  readonly level?: string;
}

/** Paths that never reach a log, whoever logs an object that holds them. */
const secrets = ['token', 'secret', 'authorization', 'password', '*.token', '*.secret',
  '*.authorization', '*.password', 'headers.authorization'];

/**
 * A logger. Message texts and tokens are never logged; what looks like a secret is redacted even
 * so.
 */
export function createLogger(options: LogOptions): Logger {
  const settings = {
    level: options.format === 'silent' ? 'silent' : options.level ?? 'info',
    redact: { paths: secrets, censor: '[redacted]' },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (options.format !== 'people') return pino(settings);
  return pino(settings, pretty({
    translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true, sync: true,
  }));
}
