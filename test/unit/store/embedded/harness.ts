import { ManualClock } from '../../../../src/base/clock.js';
import { randomId } from '../../../../src/base/ids.js';
import { limitsWith } from '../../../../src/base/limits.js';
import { createLogger } from '../../../../src/base/log.js';
import type { Delivery } from '../../../../src/store/feeds.js';
import { openEmbeddedStore, type EmbeddedOptions } from '../../../../src/store/embedded/open.js';
import { freshTenant, type StoreUnderTest } from '../../../conformance/harness.js';

export interface EmbeddedUnderTest extends StoreUnderTest {
  readonly clock: ManualClock;
}

/** An embedded store with a clock that the test moves; without a path it is in memory. */
export async function openForTest(
  limits: Readonly<Record<string, number>> = {}, options: Partial<EmbeddedOptions> = {},
): Promise<EmbeddedUnderTest> {
  const clock = new ManualClock();
  const deliveries: Delivery[] = [];
  const store = await openEmbeddedStore({
    limits: limitsWith(limits), clock, ids: randomId, log: createLogger({ format: 'silent' }),
    onDelivery: (batch) => { deliveries.push(...batch); }, ...options,
  });
  return {
    store, tenant: freshTenant(), deliveries, clock,
    hold: async () => {},
    now: () => clock.now(),
    advance: async (ms) => { clock.advance(ms); },
    close: () => store.close(),
  };
}
