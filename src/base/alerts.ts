import { createHmac } from 'node:crypto';
import type { Clock } from './clock.js';
import type { Logger } from './log.js';

/** What operators are told of at once (guarantees.md, docs/runbook.md). */
export type AlertKind =
  | 'crash' | 'restart' | 'gave_up' | 'shard_away' | 'shard_back' | 'storage_full'
  | 'commit_failed' | 'fenced' | 'superseded';

export interface Alert {
  readonly kind: AlertKind;
  /** Which node, shard or process. */
  readonly subject: string;
  /** One line for people: what happened and what to do. */
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface Alerts {
  /** Sends without holding anybody up; failing is logged and tried again. */
  send(alert: Alert): void;
  /** Resolves when what was sent has been delivered or given up: before a process ends. */
  settled(): Promise<void>;
}

/** For servers without a webhook: the log is all there is. */
export const loggedAlerts = (log: Logger): Alerts => ({
  send: (alert) => log.warn({ alert: alert.kind, subject: alert.subject }, alert.message),
  settled: () => Promise.resolve(),
});

/**
 * The signature of a webhook's body: receivers compute it again and compare, and refuse what is
 * older than they like.
 * @param at ms since 1970, part of what is signed
 * @returns the value of the header `ringpost-signature`: `t=AT,v1=HEX`
 */
export function signature(secret: string, at: number, body: string): string {
  const hex = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return `t=${at},v1=${hex}`;
}

export interface WebhookOptions {
  readonly url: string;
  /** Signs each body (HMAC-SHA-256); without it the header is left out. */
  readonly secret?: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Waits before the second, third … try, in ms. */
  readonly retryMs?: readonly number[];
  readonly timeoutMs?: number;
}

/** Posts each alert as signed JSON: `{kind, subject, message, detail?, at}`. */
export function webhookAlerts(options: WebhookOptions): Alerts {
  const { url, secret, clock, log, retryMs = [500, 2_000, 8_000], timeoutMs = 3_000 } = options;
  const open = new Set<Promise<void>>();

  async function post(alert: Alert): Promise<void> {
    const at = clock.now();
    const body = JSON.stringify({ ...alert, at });
    const headers = {
      'content-type': 'application/json',
      ...(secret === undefined ? {} : { 'ringpost-signature': signature(secret, at, body) }),
    };
    for (const wait of [0, ...retryMs]) {
      if (wait > 0) await new Promise<void>((resolve) => clock.after(wait, resolve));
      try {
        const signal = AbortSignal.timeout(timeoutMs);
        const answer = await fetch(url, { method: 'POST', body, headers, signal });
        if (answer.ok) return;
        log.warn({ status: answer.status }, 'the alert webhook refused an alert');
      } catch (error) {
        log.warn({ err: error }, 'the alert webhook could not be reached');
      }
    }
    log.error({ alert: alert.kind }, 'an alert could not be delivered');
  }

  return {
    send(alert) {
      log.warn({ alert: alert.kind, subject: alert.subject }, alert.message);
      const posting = post(alert).finally(() => open.delete(posting));
      open.add(posting);
    },
    async settled() {
      await Promise.all(open);
    },
  };
}
