import { fileURLToPath } from 'node:url';
import t from 'tap';
import { runScript } from '../helpers/server.js';

const tool = fileURLToPath(new URL('../../../tools/protocol.mjs', import.meta.url));

t.test('docs/PROTOCOL.md says what a running server says of itself', async (t) => {
  const run = runScript(t, [tool, '--check']);
  const { code } = await run.exit;
  t.equal(code, 0, run.stderr());
});
