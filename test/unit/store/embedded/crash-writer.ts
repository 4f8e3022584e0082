import { writeSync } from 'node:fs';
import { systemClock } from '../../../../src/base/clock.js';
import { randomId, roomKey, userKey } from '../../../../src/base/ids.js';
import { defaultLimits } from '../../../../src/base/limits.js';
import { createLogger } from '../../../../src/base/log.js';
import { openEmbeddedStore } from '../../../../src/store/embedded/open.js';
import { entryItem } from './forwarding.js';

// Sends until it is killed, and says of each message that it was acknowledged: run by
// crash.test.ts with a folder and the number of rooms.
const [folder = '', rooms = '4'] = process.argv.slice(2);
const store = await openEmbeddedStore({
  path: folder, limits: defaultLimits, clock: systemClock, ids: randomId,
  log: createLogger({ format: 'silent' }), onDelivery: () => {},
});

async function write(room: number): Promise<void> {
  const key = roomKey('default', `room-${room}`);
  const users = ['ann', 'bob'].map((user) => userKey('default', user));
  const call = () => ({ key: randomId(12), digest: 'd', given: true });
  await store.rooms.append(key, [{
    kind: 'create', room: 'group', members: ['ann', 'bob'], by: 'ann', at: Date.now(), expect: 0,
    call: call(),
  }]);
  for (;;) {
    const text = randomId(24);
    const [result] = await store.rooms.append(key, [{
      kind: 'message', text, by: 'ann', at: Date.now(), expect: 1, call: call(),
    }]);
    if (result?.status !== 'ok') throw new Error(`answered ${result?.status}`);
    writeSync(1, `${room} ${result.seq} ${text}\n`);
    const { seq } = await store.rooms.forwarded(key);
    const [log = []] = await store.rooms.ranges([{ room: key, from: seq + 1, to: result.seq }]);
    await store.feeds.forward(log.map((entry) => entryItem(key, result.epoch, entry, users)));
    await store.rooms.settle(key, { seq: result.seq, reads: 0 }, []);
  }
}

await Promise.all(Array.from({ length: Number(rooms) }, (_, room) => write(room)));
