import t from 'tap';
import { RoomUnderTest } from '../conformance/harness.js';
import { eventually } from '../helpers/eventually.js';
import { redisStores } from '../helpers/redis-store.js';
import { startRedis } from '../helpers/redis.js';

const server = await startRedis({ appendfsync: 'always' });
t.teardown(() => server.close());

t.test('what was acknowledged survives kill -9 of a shard, and its keys do (G1, G3)', async (t) => {
  const under = await redisStores([server])();
  t.teardown(() => under.close());
  const rooms = Array.from({ length: 5 }, (_, i) => new RoomUnderTest(under, `r${i}`));
  for (const room of rooms) await room.create('ann', ['ann']);
  let n = 0;
  for (let round = 0; round < 5; round++) {
    const acknowledged: { room: RoomUnderTest; key: string; seq: number }[] = [];
    let killed = false;
    const load = Promise.all(rooms.map(async (room) => {
      while (!killed) {
        const key = `k${++n}`;
        const op = room.op('ann', { kind: 'message', text: key }, { key });
        const [result] = await under.store.rooms.append(room.room, [op]).catch(() => []);
        if (result?.status === 'ok') acknowledged.push({ room, key, seq: result.seq });
      }
    }));
    await eventually('some were acknowledged', () => acknowledged.length > 50);
    server.signal('SIGKILL');
    killed = true;
    await load;
    await server.restart();
    await eventually('it answers', () => under.store.rooms.heads(rooms.map(({ room }) => room))
      .then(() => true, () => false));
    for (const { room, key, seq } of acknowledged) {
      const [[entry] = []] = await under.store.rooms.ranges([
        { room: room.room, from: seq, to: seq },
      ]);
      if (entry?.kind !== 'message' || entry.text !== key) t.fail(`${key} is not at ${seq}`);
      const again = room.op('ann', { kind: 'message', text: key }, { key });
      const [result] = await room.append(again);
      if (result?.status !== 'duplicate' || result.seq !== seq) t.fail(`${key} was taken again`);
    }
    t.ok(acknowledged.length > 50, `${acknowledged.length} are there`);
  }
});
