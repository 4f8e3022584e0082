import type { Session } from '../rpc/session.js';

/**
 * Where events of one feed or one watched room leave: as notifications of their own name, or
 * wrapped for a subscription of the dialect (protocol.md, Pushed events).
 */
export class Sink {
  readonly session: Session;
  readonly subscription: string | undefined;

  constructor(session: Session, subscription: string | undefined) {
    this.session = session;
    this.subscription = subscription;
  }

  /**
   * @param params an object with at least one member, as JSON text
   * @param cursor put in as the last member; text that needs no escaping
   */
  emit(method: string, params: string, cursor?: string): void {
    // One concatenation a recipient; the event itself was encoded once for all.
    const text = cursor === undefined ? params : `${params.slice(0, -1)},"cursor":"${cursor}"}`;
    if (this.subscription === undefined) {
      this.session.notify(method, text, cursor);
      return;
    }
    this.session.notify(
      'feed_subscription',
      `{"subscription":"${this.subscription}","result":{"event":"${method}",${text.slice(1)}}`,
      cursor,
    );
  }

  /** A fault that ends a subscription: told in place of a result. */
  fault(error: { code: number; message: string; data: unknown }): void {
    if (this.subscription === undefined) return;
    this.session.notify(
      'feed_subscription',
      `{"subscription":"${this.subscription}","error":${JSON.stringify(error)}}`,
    );
  }
}
