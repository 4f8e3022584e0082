import type { Test } from 'tap';
import { roomKey, userKey } from '../../src/base/ids.js';
import type { Bus, BusHandler, RoomEvent, Signal } from '../../src/cluster/bus.js';
import { eventually } from '../helpers/eventually.js';

/** One bus as seen from two nodes; one node may play both. */
export interface BusHarness {
  readonly a: Bus;
  readonly b: Bus;
  /** Has node b hold a connection of this user, so that signals for it go there. */
  holdOnB(user: string): Promise<void>;
  close(): Promise<void>;
}

export type MakeBuses = (handlers: { a: BusHandler; b: BusHandler }) => Promise<BusHarness>;

const room = roomKey('default', 'big');
const event = (seq: number, where = room): RoomEvent => ({
  room: where, seq, epoch: 'e', method: 'message.created', params: `{"seq":${seq}}`, by: 'simon',
});

/** What every {@link Bus} promises, tried on two nodes. */
export async function busConformance(t: Test, name: string, make: MakeBuses): Promise<void> {
  const run = (
    title: string,
    body: (t: Test, h: BusHarness, got: { signals: Signal[]; rooms: RoomEvent[] }) => Promise<void>,
  ): Promise<unknown> => t.test(`${name}: ${title}`, async (t) => {
    const got = { signals: new Array<Signal>(), rooms: new Array<RoomEvent>() };
    const none: BusHandler = { signal() {}, room() {}, gap() {} };
    const b: BusHandler = {
      signal: (signal) => { got.signals.push(signal); },
      room: (event) => { got.rooms.push(event); },
      gap() {},
    };
    const h = await make({ a: none, b });
    try {
      await body(t, h, got);
    } finally {
      await h.close();
    }
  });

  await run('a room event reaches a node that joined, whole and in order', async (t, h, got) => {
    await h.b.join(room);
    const sent = [1, 2, 3].map((seq) => event(seq));
    for (const one of sent) await h.a.publish(one);
    await eventually('three events', () => got.rooms.length === 3);
    t.strictSame(got.rooms, sent);
  });

  await run('the key travels with the event of its sender', async (t, h, got) => {
    await h.b.join(room);
    await h.a.publish({ ...event(1), key: 'k' });
    await eventually('the event', () => got.rooms.length === 1);
    t.equal(got.rooms[0]?.key, 'k');
  });

  await run('no node hears of a room that it did not join, or left', async (t, h, got) => {
    const other = roomKey('default', 'other');
    await h.b.join(other);
    await h.a.publish(event(1));
    await h.b.join(room);
    await h.b.join(room);
    await h.b.leave(room);
    await h.a.publish(event(2));
    await eventually('joins are counted', () => got.rooms.length === 1);
    await h.b.leave(room);
    await h.a.publish(event(3));
    await h.a.publish(event(9, other));
    await eventually('the marker', () => got.rooms.some((e) => e.seq === 9));
    t.strictSame(got.rooms.map((e) => e.seq), [2, 9]);
  });

  await run('a signal reaches the node that holds its user', async (t, h, got) => {
    await h.holdOnB('fedir');
    const users = [userKey('default', 'fedir')];
    await h.a.signal({ users, method: 'message.typed', params: '{"user":"simon"}' });
    await eventually('the signal', () => got.signals.length === 1);
    t.strictSame(got.signals[0], { users, method: 'message.typed', params: '{"user":"simon"}' });
  });
}
