import t from 'tap';
import { command } from '../helpers/server.js';
import { killUnderLoad } from './one-node.js';
import { seedOf, upholds } from './processes.js';

t.setTimeout(240_000);

t.test('twenty kill -9 under load lose, double, reorder and skip nothing (G1-G4)', async (t) => {
  const seed = seedOf(t);
  const { record, verified } = await killUnderLoad(t, { command, seed, kills: 20 });
  upholds(t, record, seed);
  const acknowledged = record.events.filter(({ kind }) => kind === 'ack').length;
  t.ok(acknowledged > 20 * 20, `${acknowledged} messages were acknowledged`);
  t.same(record.events.filter(({ kind }) => kind === 'reset'), [], 'every feed went on');
  t.same(verified.code, 0, `what is kept agrees with the logs: ${verified.output}`);
});
