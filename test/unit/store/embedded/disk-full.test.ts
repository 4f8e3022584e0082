import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../../../src/base/clock.js';
import { freeShareOf } from '../../../../src/store/embedded/fence.js';
import { verify } from '../../../../src/store/embedded/verify.js';
import { StoreError } from '../../../../src/store/rooms.js';
import { RoomUnderTest, until } from '../../../conformance/harness.js';
import { forwardPending } from './forwarding.js';
import { openForTest } from './harness.js';

const diskBytes = 24 * 1_024 * 1_024;
const disk = mkdtempSync(join(tmpdir(), 'ringpost-disk-'));
const mounted = spawnSync('mount',
  ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk]).status === 0;
t.teardown(() => {
  if (mounted) spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});
if (!mounted) t.comment('no right to mount: the small disk is an imagined one of 24 MB');

const ballast = join(disk, 'ballast');

/** Bytes free on the small disk, or on one of its size that is imagined. */
function freeBytes(): number {
  if (mounted) return statfsSync(disk).bavail * statfsSync(disk).bsize;
  const { stdout } = spawnSync('du', ['-sb', disk]);
  return diskBytes - Number(stdout.toString().split('\t')[0]);
}
const freeShare = mounted ? freeShareOf(disk) : () => freeBytes() / diskBytes;

/** Fills the disk but for so many bytes. */
function fill(leaveBytes: number): void {
  writeFileSync(ballast, Buffer.alloc(Math.max(0, freeBytes() - leaveBytes)));
}

await t.test('a disk that fills stops writing, and space lets it go on within 5 s', async (t) => {
  const folder = join(disk, 'data');
  const under = await openForTest({}, { path: folder, clock: systemClock, freeShare });
  const room = new RoomUnderTest(under);
  await room.create('ann', ['ann']);
  fill(4 * 1_024 * 1_024);
  let acknowledged = 0;
  let refusal: unknown;
  while (refusal === undefined) {
    const sent = await Promise.allSettled(
      Array.from({ length: 50 }, () => room.say('ann', 'x'.repeat(1_000))));
    for (const outcome of sent) {
      if (outcome.status === 'fulfilled') acknowledged++;
      else refusal = outcome.reason;
    }
  }
  t.match(refusal, { name: 'StoreError', fault: 'refused', reason: 'storage_full' });
  t.ok(freeShare() > 0.01, 'it stopped before the disk did');
  t.match(await under.store.rooms.head(room.room), { count: acknowledged }, 'reading goes on');
  rmSync(ballast);
  const before = performance.now();
  await until(() => under.store.health().writable);
  t.ok(performance.now() - before < 5_000);
  await room.say('ann', 'again');
  t.match(await under.store.rooms.head(room.room), { count: acknowledged + 1 });
  await forwardPending(under.store);
  await under.close();
  t.same((await verify(folder)).differences, []);
});

await t.test('a disk that is full at once loses nothing acknowledged', async (t) => {
  const folder = join(disk, 'data2');
  const under = await openForTest({}, { path: folder, clock: systemClock, freeShare });
  const room = new RoomUnderTest(under);
  await room.create('ann', ['ann']);
  const acknowledged: number[] = [];
  const faults: unknown[] = [];
  const say = async (): Promise<void> => {
    try {
      acknowledged.push((await room.say('ann', 'x'.repeat(1_000))).seq);
    } catch (error) {
      faults.push(error);
    }
  };
  await Promise.all(Array.from({ length: 200 }, say));
  const writing = Promise.all(Array.from({ length: 200 }, say));
  fill(0);
  await writing;
  await say();
  t.ok(faults.length > 0);
  for (const fault of faults) t.ok(fault instanceof StoreError);
  t.equal(under.store.health().writable, false);
  await under.close();
  rmSync(ballast);
  const after = await openForTest({}, { path: folder, clock: systemClock, freeShare });
  const [log = []] = await after.store.rooms.ranges([{ room: room.room, from: 1, to: 1e6 }]);
  const kept = new Set(log.map(({ seq }) => seq));
  t.ok(acknowledged.every((seq) => kept.has(seq)), 'all that was acknowledged is there');
  await forwardPending(after.store);
  await after.close();
  t.same((await verify(folder)).differences, []);
});
