import { randomId } from '../../src/base/ids.js';
import type { CloseCode } from '../../src/rpc/close.js';
import type { Identity } from '../../src/rpc/identity.js';
import { SessionBase } from '../../src/rpc/session-base.js';
import type { SendOutcome } from '../../src/rpc/session.js';

/** A session that keeps what it is sent, for tests of what stands above the transports. */
export class RecordingSession extends SessionBase {
  readonly transport = 'local';
  readonly canPush = true;
  readonly bufferedBytes = 0;
  readonly sent: { method: string; params: unknown }[] = [];
  readonly topics = new Set<string>();
  closed: { code: CloseCode; reason: string } | undefined;

  constructor() {
    super(randomId, '127.0.0.1');
  }

  notify(method: string, params: string): SendOutcome {
    this.sent.push({ method, params: JSON.parse(params) as unknown });
    return 'sent';
  }

  sendText(frame: string): SendOutcome {
    this.sent.push({ method: '', params: JSON.parse(frame) as unknown });
    return 'sent';
  }

  join(topic: string): void {
    this.topics.add(topic);
  }

  leave(topic: string): void {
    this.topics.delete(topic);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  close(code: CloseCode, reason: string): void {
    if (!this.beginClosing()) return;
    this.closed = { code, reason };
    this.end();
  }

  /** The other side went away. */
  lose(): void {
    this.end();
  }
}

/** An identity as a token of this user would give. */
export const identityOf = (user: string, more: Partial<Identity> = {}): Identity => ({
  user, tenant: 'default', role: 'user', groups: [], issuedAt: 1_600_000_000_000,
  expiresAt: Infinity, kind: 'jwt', ...more,
});
