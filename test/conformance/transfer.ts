import t, { type Test } from 'tap';
import type { ServerOptions } from '../../src/options.js';
import { copyRecords } from '../../src/store/transfer-copy.js';
import { lineOf, parseLine } from '../../src/store/transfer-lines.js';
import {
  TransferConflict, type KeyWindow, type Transfer, type TransferRecord,
} from '../../src/store/transfer.js';
import { eventually } from '../helpers/eventually.js';
import { call, startInProcess } from '../helpers/server.js';
import { everyKind } from './transfer-records.js';

/** One place that data are copied from and to; made empty for each test. */
export interface TransferEnd {
  /** By which a server runs on these data; absent where none can. */
  readonly server?: ServerOptions;
  open(window: KeyWindow): Promise<Transfer>;
}

export type TransferEndFactory = (t: Test) => Promise<TransferEnd>;

const keyWindowMs = 3_600_000;

async function linesOf(end: TransferEnd, window: KeyWindow): Promise<string[]> {
  const transfer = await end.open(window);
  const lines: string[] = [];
  for await (const record of transfer.records()) lines.push(lineOf(record));
  await transfer.close();
  return lines;
}

async function* each(records: readonly TransferRecord[]): AsyncGenerator<TransferRecord> {
  yield* records;
}

/** Writes a part of the records, as a copy that was killed would have; then all. */
async function writeTwice(
  to: TransferEnd, records: readonly TransferRecord[], window: KeyWindow,
): Promise<number> {
  const transfer = await to.open(window);
  const half = records.slice(0, records.length / 2);
  const killed = async function* (): AsyncGenerator<TransferRecord> {
    yield* half;
    throw new Error('killed');
  };
  await t.rejects(copyRecords(killed(), transfer), { message: 'killed' });
  await transfer.flush();
  const { skipped } = await copyRecords(each(records), transfer);
  await transfer.close();
  return skipped;
}

type Call = (method: string, params?: Readonly<Record<string, unknown>>) =>
Promise<Record<string, unknown>>;

const as = (url: string, user: string): Call => (method, params) => call(url, user, method, params);

/** What clients know of a server when it stops, for the next one to hold to. */
interface Known {
  readonly cursor: unknown;
  readonly history: unknown;
  readonly rooms: unknown;
}

async function fill(t: Test, options: ServerOptions): Promise<Known> {
  const server = await startInProcess(t, { dev: true, ...options });
  const [ann, bob] = [as(server.url, 'ann'), as(server.url, 'bob')];
  await ann('room.create', { room: 'r', title: 'Räume 🚀' });
  await ann('room.addMember', { room: 'r', user: 'bob' });
  for (let n = 1; n <= 20; n++) await ann('message.send', { room: 'r', text: `m${n}` });
  await bob('message.send', { room: 'r', text: 'with a key', key: 'k1' });
  await ann('message.edit', { room: 'r', seq: 3, text: 'better' });
  await ann('message.edit', { room: 'r', seq: 3, text: 'best' });
  await ann('message.delete', { room: 'r', seq: 4 });
  await bob('message.read', { room: 'r', seq: 10 });
  await ann('room.removeMember', { room: 'r', user: 'bob' });
  await ann('room.addMember', { room: 'r', user: 'bob' });
  await bob('room.direct', { user: 'ann' });
  const inList = async (count: number, unread: number): Promise<unknown> =>
    eventually('all is in the feed', async () => {
      const [room, ...others] = (await bob('room.list'))['rooms'] as { unread: number }[];
      return others.length === count - 1 && room?.unread === unread;
    });
  await inList(2, 0);
  const feed = await bob('feed.read');
  await ann('message.send', { room: 'r', text: 'after the cursor' });
  await inList(2, 1);
  const known = {
    cursor: feed['cursor'], history: await bob('message.history', { room: 'r' }),
    rooms: await bob('room.list'),
  };
  await server.close();
  return known;
}

/**
 * What every kind of store promises as an end of a copy. `path` are the ends that data go along,
 * one after the other; a server can run on the first and the last.
 */
export async function transferConformance(
  name: string, path: readonly TransferEndFactory[],
): Promise<void> {
  const window = (): KeyWindow => ({ nowMs: Date.now(), keyWindowMs });

  await t.test(`transfer: ${name}: every kind of record comes back as it was`, async (t) => {
    const at = window();
    const records = everyKind(at.nowMs);
    for (const make of path) {
      const end = await make(t);
      await writeTwice(end, records, at);
      const lines = await linesOf(end, at);
      t.strictSame(lines, records.map(lineOf));
      t.strictSame(lines.map((line, n) => parseLine(line, n)), records);
    }
  });

  await t.test(`transfer: ${name}: another room or user of the same name is refused`, async (t) => {
    const at = window();
    for (const make of path) {
      const end = await make(t);
      const transfer = await end.open(at);
      await copyRecords(each(everyKind(at.nowMs)), transfer);
      const held = new Set(everyKind(at.nowMs).map(lineOf));
      for (const record of everyKind(at.nowMs + 1)) {
        if (record.type !== 'room' && record.type !== 'user') continue;
        if (held.has(lineOf(record))) continue;
        await t.rejects(copyRecords(each([record]), transfer), TransferConflict);
      }
      await transfer.close();
    }
  });

  await t.test(`transfer: ${name}: a server goes on where another ended`, async (t) => {
    const at = window();
    const [first, ...others] = await Promise.all(path.map((make) => make(t)));
    if (first?.server === undefined) throw new Error('no server can run on the first end');
    const known = await fill(t, first.server);
    const before = await linesOf(first, at);
    t.ok(before.length > 50);
    let from = first;
    for (const to of others) {
      const [source, target] = [await from.open(at), await to.open(at)];
      await copyRecords(source.records(), target);
      await Promise.all([source.close(), target.close()]);
      t.strictSame(await linesOf(to, at), before);
      from = to;
    }
    if (from.server === undefined) throw new Error('no server can run on the last end');
    const server = await startInProcess(t, { dev: true, ...from.server });
    const bob = as(server.url, 'bob');
    const replay = await bob('feed.read', { since: known.cursor });
    t.match(replay, {
      recovered: true, events: [
        { method: 'message.created', params: { text: 'after the cursor' } },
        { method: 'unread.changed', params: { room: 'r', unread: 1, total: 1 } },
      ],
    });
    t.strictSame(await bob('message.history', { room: 'r' }), known.history);
    t.strictSame(await bob('room.list'), known.rooms);
    t.match(await bob('message.send', { room: 'r', text: 'with a key', key: 'k1' }), { seq: 23 });
    t.match(await bob('message.send', { room: 'r', text: 'next' }), { seq: 30 });
    await server.close();
  });
}
