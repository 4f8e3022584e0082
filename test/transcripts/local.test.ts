import t from 'tap';
import { ManualClock } from '../../src/base/clock.js';
import { limitsWith } from '../../src/base/limits.js';
import { createLogger } from '../../src/base/log.js';
import { Metrics } from '../../src/base/metrics.js';
import { connectLocal, createDispatcher } from '../../src/rpc/index.js';
import { parseTranscript, playTranscripts, transcriptRegistry } from './runner.js';

t.test('every transcript is answered as written, in the process', async (t) => {
  const clock = new ManualClock();
  const dispatcher = createDispatcher({
    registry: transcriptRegistry(), app: undefined, clock,
    limits: limitsWith({ callsPerSecond: 0 }),
    log: createLogger({ format: 'silent' }), metrics: new Metrics(false),
  });
  const session = connectLocal(dispatcher, { clock });
  await playTranscripts(t, (text) => session.send(text));
  t.equal(dispatcher.inFlight, 0, 'nothing is left open');
});

t.test('a line that is neither sent nor received is no transcript', async (t) => {
  t.throws(() => parseTranscript('==> {}'));
});
