import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { roomKey, userKey } from '../../../../src/base/ids.js';
import { verify } from '../../../../src/store/embedded/verify.js';
import { forwardPending } from './forwarding.js';
import { openForTest } from './harness.js';

// The dot: a folder's name must not make LMDB take it for a file.
const folder = mkdtempSync(join(tmpdir(), 'ringpost.crash-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const writer = fileURLToPath(new URL('crash-writer.js', import.meta.url));
const rooms = 4;
const rounds = 6;

/** Runs the writer until so many messages were acknowledged, then kills it; answers the acks. */
async function writeAndKill(count: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, folder, String(rooms)],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.split('\n').length > count) child.kill('SIGKILL');
    });
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve();
      else reject(new Error('the writer ended by itself'));
    });
  });
  // A line that was cut was not told.
  return text.split('\n').slice(0, -1);
}

await t.test('kill -9 at any moment loses, doubles and reorders nothing (G1, G2)', async (t) => {
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round++) {
    acknowledged.push(...await writeAndKill(40 + 53 * round));
    const under = await openForTest({}, { path: folder });
    const told = new Map(acknowledged.map((line) => {
      const [room = '', seq = '', text = ''] = line.split(' ');
      return [`${room} ${seq}`, text] as const;
    }));
    t.equal(told.size, acknowledged.length, 'no number was told twice');
    const texts: string[] = [];
    let missing = 0;
    for (let room = 0; room < rooms; room++) {
      const key = roomKey('default', `room-${room}`);
      const head = await under.store.rooms.head(key);
      if (head === undefined) continue;
      const [log = []] = await under.store.rooms.ranges([{ room: key, from: 1, to: head.seq }]);
      for (const entry of log) if (entry.kind === 'message') texts.push(entry.text ?? '');
      for (const [place, text] of told) {
        const [of, seq] = place.split(' ');
        if (of !== String(room)) continue;
        const kept = log[Number(seq) - 1];
        if (kept?.kind !== 'message' || kept.text !== text) missing++;
      }
    }
    t.equal(missing, 0, 'every acknowledged message is at its place');
    t.equal(new Set(texts).size, texts.length, 'none is there twice');
    t.ok(texts.length <= acknowledged.length + rooms * (round + 1), 'nothing was made up');
    await forwardPending(under.store);
    const feed = await under.store.feeds.read(userKey('default', 'bob'), 0, 100_000);
    const seen = feed.entries.map(({ room, seq }) => `${room} ${seq}`);
    t.equal(new Set(seen).size, seen.length, 'a feed takes each once');
    t.equal(feed.entries.filter(({ kind }) => kind === 'message').length, texts.length);
    await under.close();
    t.same((await verify(folder)).differences, [], 'all that is derived agrees with the logs');
  }
});
