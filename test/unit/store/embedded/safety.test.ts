import {
  closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { LmdbKv } from '../../../../src/store/embedded/kv-lmdb.js';
import { encodeText } from '../../../../src/store/embedded/codec.js';
import { schemaKey } from '../../../../src/store/embedded/keys.js';
import { verify } from '../../../../src/store/embedded/verify.js';
import { RoomUnderTest } from '../../../conformance/harness.js';
import { forwardPending } from './forwarding.js';
import { openForTest } from './harness.js';

const root = mkdtempSync(join(tmpdir(), 'ringpost-safety-'));
t.teardown(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, `${++folders}`);

/** A folder with a store in it, closed. */
async function filled(messages: number): Promise<string> {
  const folder = newFolder();
  const under = await openForTest({}, { path: folder });
  const room = new RoomUnderTest(under);
  await room.create('ann', ['ann', 'bob']);
  for (let n = 0; n < messages; n++) await room.say('ann', `text number ${n} ${'x'.repeat(80)}`);
  await forwardPending(under.store);
  await under.close();
  return folder;
}

await t.test('a folder belongs to one process at a time, and is free after it', async (t) => {
  const folder = newFolder();
  const first = await openForTest({}, { path: folder });
  await t.rejects(openForTest({}, { path: folder }),
    { message: new RegExp(`${folder} is open in another process`) });
  const room = new RoomUnderTest(first);
  await room.create('ann', ['ann']);
  await first.close();
  const second = await openForTest({}, { path: folder });
  t.match(await second.store.rooms.head(room.room), { seq: 1 });
  await second.close();
});

await t.test('two that open at once do not both get the folder', async (t) => {
  const folder = newFolder();
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => openForTest({}, { path: folder })));
  const opened = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  t.equal(opened.length, 1);
  for (const outcome of opened) await outcome.value.close();
});

await t.test('a store of a newer program is refused in words', async (t) => {
  const folder = await filled(1);
  const kv = await LmdbKv.open(folder);
  await kv.commit([{ key: schemaKey, value: encodeText('ringpost 99') }]);
  await kv.close();
  await t.rejects(openForTest({}, { path: folder }), {
    message: new RegExp(`${folder} has schema version 99, and this program knows up to 1`),
  });
});

await t.test('a folder with another program’s data is refused', async (t) => {
  const folder = newFolder();
  const kv = await LmdbKv.open(folder);
  await kv.commit([{ key: 'foreign', value: encodeText('x') }]);
  await kv.close();
  await t.rejects(openForTest({}, { path: folder }), { message: /another program's data/ });
});

await t.test('a store cut short is refused before it is read', async (t) => {
  const folder = await filled(200);
  const file = join(folder, 'data.mdb');
  truncateSync(file, Math.floor(statSync(file).size / 2 / 4_096) * 4_096);
  await t.rejects(openForTest({}, { path: folder }), { message: /damaged.*cut short/ });
  await t.rejects(verify(folder), { message: /damaged/ });
});

await t.test('a value that a disk changed is never served', async (t) => {
  const folder = await filled(50);
  const file = join(folder, 'data.mdb');
  const bytes = readFileSync(file);
  const places: number[] = [];
  let at = -1;
  while ((at = bytes.indexOf('text number', at + 1)) !== -1) places.push(at);
  t.ok(places.length >= 50);
  const descriptor = openSync(file, 'r+');
  for (const place of places) writeSync(descriptor, 'TEXT', place);
  closeSync(descriptor);
  await t.rejects(openForTest({}, { path: folder }), { message: /is damaged/ });
  const report = await verify(folder);
  t.ok(report.differences.some(({ what }) => /not what was written/.test(what)));
});

await t.test('one damaged value is told when it is read, the rest is served', async (t) => {
  const folder = newFolder();
  const before = await openForTest({}, { path: folder });
  const room = new RoomUnderTest(before);
  await room.create('ann', ['ann']);
  for (const text of ['first words', 'middle words', 'last words']) await room.say('ann', text);
  await before.close();
  const file = join(folder, 'data.mdb');
  const bytes = readFileSync(file);
  const descriptor = openSync(file, 'r+');
  for (let at = bytes.indexOf('middle words'); at !== -1;
    at = bytes.indexOf('middle words', at + 1)) writeSync(descriptor, 'M', at);
  closeSync(descriptor);
  const after = await openForTest({}, { path: folder });
  await t.rejects(after.store.rooms.ranges([{ room: room.room, from: 1, to: 4 }]),
    { name: 'StoreError', fault: 'refused', reason: 'corrupted' });
  t.match(await after.store.rooms.ranges([{ room: room.room, from: 4, to: 4 }]),
    [[{ text: 'last words' }]]);
  await after.close();
});

await t.test('too little space stops writing until there is more', async (t) => {
  let free = 0.5;
  const under = await openForTest({}, { freeShare: () => free });
  const room = new RoomUnderTest(under);
  await room.create('ann', ['ann']);
  free = 0.04;
  const refused = { name: 'StoreError', fault: 'refused', reason: 'storage_full' };
  // The one that finds out was decided already, and must not show either.
  await t.rejects(room.say('ann', 'lost'), refused);
  await t.rejects(room.say('ann', 'lost too'), refused);
  t.match(under.store.health(), { writable: false, reason: 'storage_full' });
  t.match(await under.store.rooms.head(room.room), { seq: 1 }, 'reading goes on');
  free = 0.5;
  under.clock.advance(1_000);
  t.match(under.store.health(), { writable: true });
  t.match(await room.say('ann', 'kept'), { seq: 2 }, 'what was refused left no trace (G2)');
  await under.close();
});

await t.test('calls decided together with a refused one are refused alike', async (t) => {
  let free = 0.5;
  const under = await openForTest({}, { freeShare: () => free });
  const room = new RoomUnderTest(under);
  await room.create('ann', ['ann', 'bob']);
  free = 0;
  const outcomes = await Promise.allSettled([
    room.say('ann', 'a'), room.say('ann', 'b'),
    under.store.rooms.read(room.room, 'bob', 1, under.now()),
  ]);
  t.same(outcomes.map(({ status }) => status), ['rejected', 'rejected', 'rejected']);
  free = 1;
  under.clock.advance(1_000);
  t.match(await room.say('ann', 'c'), { seq: 2 });
  t.match(await under.store.rooms.readPositions(room.room, ['bob']), [{ seq: 0 }]);
  await under.close();
});

await t.test('verify tells what differs from the logs', async (t) => {
  const folder = await filled(3);
  t.same((await verify(folder)).differences, []);
  const kv = await LmdbKv.open(folder);
  const [member] = kv.range('r', 's')
    .filter(([key]) => key.endsWith('\0mbob'));
  const [row] = kv.range('w', 'x')
    .filter(([key]) => key.includes('\0bob\0'));
  const entries = kv.range('e', 'f')
    .filter(([key]) => key.includes('\0ann\0'));
  const entry = entries[1];
  if (member === undefined || row === undefined || entry === undefined) throw new Error('no keys');
  await kv.commit([member, row, entry].map(([key]) => ({ key, value: undefined })));
  await kv.close();
  const { differences } = await verify(folder);
  const told = differences.map(({ where, what }) => `${where}: ${what}`).join('\n');
  t.match(told, /room .*\/r: bob was added, but is no member/);
  t.match(told, /room .*\/r: bob is a member without a row in the list/);
  t.match(told, /feed of .*\/ann: has 3 where 2 is next/);
  t.match(told, /feed of .*\/ann: r goes from 1 to 3/);
  t.match(told, /feed of .*\/bob: order of the room list/);
});

await t.test('verify says where there is nothing to verify', async (t) => {
  await t.rejects(verify(newFolder()), { message: /holds no store/ });
});
