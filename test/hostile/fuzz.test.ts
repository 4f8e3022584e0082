import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { handshake, RawSocket } from '../helpers/raw-socket.js';
import { Fuzzer, wrongWith } from './fuzz.js';
import { startTarget } from './transport-server.js';

// FUZZ_SEED replays what was printed; FUZZ_MS says how long, 0 for without end.
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const lastingMs = Number(process.env['FUZZ_MS'] ?? 8_000);
const corpus = fileURLToPath(new URL('../../../test/hostile/corpus/', import.meta.url));
const until = (): () => boolean => {
  const end = lastingMs === 0 ? Infinity : performance.now() + lastingMs;
  return () => performance.now() < end;
};

t.setTimeout(lastingMs === 0 ? 0 : lastingMs * 4 + 60_000);

const unbound = { callsPerSecond: 0, callsBurst: 0, authTimeoutMs: 2_000 };

async function post(url: string, body: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body,
  });
  return response.text();
}

t.test('every text of the corpus is answered by the rules', async (t) => {
  const target = await startTarget(t, unbound);
  for (const name of readdirSync(corpus).filter((file) => file.endsWith('.txt'))) {
    const text = readFileSync(join(corpus, name), 'utf8');
    t.equal(wrongWith(text, await post(target.url, text)), undefined, name);
  }
  await target.unharmed('the corpus');
});

t.test('texts that are nearly right are answered by the rules', async (t) => {
  t.comment(`seed ${seed}: replay with FUZZ_SEED=${seed}`);
  const target = await startTarget(t, unbound);
  const fuzzer = new Fuzzer(seed);
  let texts = 0;
  for (const goOn = until(); goOn();) {
    const batch = Array.from({ length: 16 }, () => fuzzer.text());
    const answers = await Promise.all(batch.map((text) => post(target.url, text)));
    for (const [index, text] of batch.entries()) {
      const wrong = wrongWith(text, answers[index] ?? '');
      if (wrong === undefined) continue;
      writeFileSync(join(corpus, `found-${seed}-${texts + index}.txt`), text);
      t.fail(`${wrong}: ${text} --> ${answers[index]}`);
    }
    texts += batch.length;
  }
  t.ok(texts > 0, `${texts} texts`);
  await target.unharmed('texts');
});

t.test('frames and handshakes that are nearly right harm nobody', async (t) => {
  t.comment(`seed ${seed}: replay with FUZZ_SEED=${seed}`);
  const target = await startTarget(t, { ...unbound, maxUnauthenticatedPerAddress: 0 });
  const fuzzer = new Fuzzer(seed + 1);
  let connections = 0;
  for (const goOn = until(); goOn();) {
    const open = Array.from({ length: 16 }, () => {
      const raw = new RawSocket(target.port);
      const greeting = handshake();
      const whole = fuzzer.below(4) > 0;
      raw.write(whole ? greeting : fuzzer.handshake(greeting));
      // Chosen before anything is waited for, so that a seed is the same run again.
      const frames = Array.from({ length: 1 + fuzzer.below(8) }, () => fuzzer.frame());
      return { raw, whole, frames };
    });
    await Promise.all(open.map(async ({ raw, whole, frames }) => {
      if (whole) await raw.until('\r\n\r\n');
      raw.write(Buffer.concat(frames));
    }));
    await target.unharmed('frames');
    for (const { raw } of open) {
      const inside = /"error":\{"code":-32603|node_modules|\.js:\d/.test(raw.text);
      if (inside) t.fail(`the inside shows: ${raw.text}`);
      raw.destroy();
    }
    connections += open.length;
  }
  t.ok(connections > 0, `${connections} connections`);
});
