import t from 'tap';
import { check, summary } from './checker.js';
import { killUnderLoad } from './one-node.js';
import { plant, plantedFaults } from './planted.js';
import { seedOf } from './processes.js';

t.setTimeout(240_000);

for (const fault of plantedFaults) {
  t.test(`a planted fault is caught: ${fault.name}`, async (t) => {
    const { record } = await killUnderLoad(t, {
      command: plant(t, fault), seed: seedOf(t), kills: 2, clients: 12, patienceMs: 3_000,
    });
    const findings = check(record);
    t.ok(findings.some(({ kind }) => fault.caughtAs.includes(kind)), summary(findings));
  });
}

t.test('a fault whose place in the source has moved is not planted silently', async (t) => {
  const fault = {
    name: 'nowhere', caughtAs: [], changes: [{ file: 'dist/src/server.js', from: '§', to: '' }],
  };
  t.throws(() => plant(t, fault), /nowhere: dist\/src\/server.js has 0 times/);
});
