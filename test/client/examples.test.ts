import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { folder, Process, serve } from './served.js';

const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));

t.test('a server inside an application talks with its clients', async (t) => {
  const run = Process.of(spawn(process.execPath, [example('library')]));
  t.teardown(() => run.end());
  await run.line(/^Simon in First chat: Hi Fedir$/);
  t.equal(await run.ended(), 0, 'and ends by itself');
});

t.test('a method and an event of an application are called and heard', async (t) => {
  const run = Process.of(spawn(process.execPath, [example('own-method')]));
  t.teardown(() => run.end());
  await run.line(/^Fedir was poked by Simon$/);
  t.equal(await run.ended(), 0);
});

t.test('a client that keeps its position is told what it missed, once', async (t) => {
  const { url } = await serve(t, folder(t));
  const kept = join(folder(t), 'position.json');
  for (const [turn, seq] of [[1, 2], [2, 3]] as const) {
    const run = Process.of(spawn(process.execPath, [example('client'), url, 'Simon', kept]));
    t.teardown(() => run.end());
    await run.line(/^online by websocket$/);
    await run.line(new RegExp(`^stored as ${seq}$`));
    await run.line(/^Simon in Simon's notes: I was here$/);
    t.equal(run.lines.filter((line) => line.startsWith('Simon in')).length, 1, `run ${turn}`);
    await run.end('SIGINT');
    t.equal(await run.ended(), 0);
  }
});
