// What a stored message costs a shard in memory: log, keys of the window, feeds of two members.
// Prints one table; run with  node dist/bench/redis-memory.js
import { Redis } from 'ioredis';
import { randomId, roomKey, userKey } from '../src/base/ids.js';
import type { AppendOp } from '../src/store/rooms.js';
import { redisStores } from '../test/helpers/redis-store.js';
import { startRedis } from '../test/helpers/redis.js';

const textBytes = 100;
const text = 'x'.repeat(textBytes);

async function usedMemory(client: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
}

/** Memory of all keys whose name matches, with what the server needs to find them. */
async function memoryOf(client: Redis, pattern: string): Promise<number> {
  let sum = 0;
  for (const key of await client.keys(pattern)) {
    sum += await client.memory('USAGE', key, 'SAMPLES', 0) ?? 0;
  }
  return sum;
}

interface Row {
  readonly rooms: number;
  readonly messages: number;
  /** Whether each message comes under a key of 22 characters, which its entry keeps. */
  readonly keyed: boolean;
}

async function measure({ rooms, messages, keyed }: Row): Promise<Record<string, string | number>> {
  const server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const under = await redisStores([server])();
  const { store } = under;
  const before = await usedMemory(client);
  await Promise.all(Array.from({ length: rooms }, async (_, r) => {
    const room = roomKey('default', `room-${randomId(9)}`);
    const [ann, bob] = [`ann-${r}`, `bob-${r}`];
    const op = { by: ann, at: under.now(), call: { key: randomId(16), digest: '', given: false } };
    const [created] = await store.rooms.append(room, [
      { ...op, kind: 'create', room: 'direct', members: [ann, bob], expect: 0 },
    ]);
    if (created?.status !== 'ok') throw new Error('not created');
    const users = [ann, bob].map((user) => ({ user: userKey('default', user), since: 1 }));
    const item = {
      room, epoch: created.epoch, by: ann, version: 0, large: false, users,
      event: { method: 'message.created', params: '{}' },
    };
    await store.feeds.forward([{ ...item, seq: 1, kind: 'create', count: 0, at: created.at }]);
    for (let done = 0; done < messages; done += 50) {
      const ops = Array.from({ length: Math.min(50, messages - done) }, (): AppendOp => ({
        ...op, kind: 'message', text, expect: 1,
        call: { key: randomId(16), digest: keyed ? randomId(18) : '', given: keyed },
      }));
      const results = await store.rooms.append(room, ops);
      await store.feeds.forward(results.flatMap((result) => (result.status !== 'ok' ? []
        : [{ ...item, seq: result.seq, kind: 'message' as const, count: result.seq - 1,
          at: result.at }])));
    }
    await store.rooms.settle(room, { seq: messages + 1, reads: 0 }, []);
  }));
  const total = rooms * messages;
  const used = await usedMemory(client) - before;
  const window = await memoryOf(client, '*:k*') + await memoryOf(client, '*:g');
  const logs = await memoryOf(client, '*:l:*');
  const feeds = await memoryOf(client, '*:e:*');
  await Promise.all([under.close(), client.quit()]);
  await server.close();
  const each = (bytes: number): number => Math.round(bytes / total);
  return {
    rooms, 'messages a room': messages, keyed: keyed ? 'yes' : 'no',
    'log': each(logs), 'two feeds': each(feeds), 'key window': each(window),
    'all but keys': each(used - window),
    'x payload': ((used - window) / total / textBytes).toFixed(2),
  };
}

const rows: Record<string, string | number>[] = [];
for (const row of [
  { rooms: 1, messages: 20_000, keyed: false },
  { rooms: 1, messages: 20_000, keyed: true },
  { rooms: 50, messages: 1_000, keyed: false },
  { rooms: 1_000, messages: 50, keyed: false },
  { rooms: 1_000, messages: 50, keyed: true },
]) rows.push(await measure(row));
console.table(rows);
