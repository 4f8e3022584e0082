import type { Limits } from '../base/limits.js';
import { closeCode } from './close.js';
import { RateTable, strike, take, type RateState } from './rate.js';
import type { SessionCalls } from './session-calls.js';
import type { Session } from './session.js';

/**
 * Whose bucket a call empties: an API key's own wherever it is used, the connection's where there
 * is one, the identity's (or the address's) over plain HTTP.
 */
export class RateGate {
  readonly #limits: Readonly<Limits>;
  readonly #table = new RateTable();

  constructor(limits: Readonly<Limits>) {
    this.#limits = limits;
  }

  /**
   * Takes one token for one message. Closes a connection that floods (4429).
   * @param nowMs monotonic
   * @returns 0, or how many milliseconds to wait
   */
  take(session: Session, calls: SessionCalls, nowMs: number): number {
    const { identity } = session;
    let perSecond = this.#limits.callsPerSecond;
    let burst = this.#limits.callsBurst;
    let state: RateState = calls.rate;
    if (identity?.kind === 'apiKey') {
      perSecond = this.#limits.apiKeyCallsPerSecond;
      burst = perSecond;
      state = this.#table.get(`k${identity.tokenId ?? `${identity.tenant}\0${identity.user}`}`);
    } else if (session.transport === 'http') {
      state = this.#table.get(
        identity === undefined ? `a${session.address}` : `u${identity.tenant}\0${identity.user}`,
      );
    }
    const waitMs = take(state, perSecond, burst, nowMs);
    if (waitMs > 0 && strike(state, perSecond, burst, nowMs) && session.canPush) {
      session.close(closeCode.flood, 'flood');
    }
    return waitMs;
  }
}
