import t from 'tap';
import { Outbox, Turn, type Wire } from '../../../src/rpc/outbox.js';
import type { SendOutcome } from '../../../src/rpc/session.js';

/** A wire that keeps what it was given, and answers as it is told. */
class FakeWire implements Wire {
  readonly writes: string[][] = [];
  answer: SendOutcome = 'sent';
  pending = 0;
  waits = false;
  slow = 0;
  write(frames: readonly string[]): SendOutcome {
    this.writes.push([...frames]);
    return this.answer;
  }
  pendingBytes = (): number => this.pending;
  blocked = (): boolean => this.waits;
  tooSlow(): void {
    this.slow += 1;
  }
}

function make(maxBytes = 1000) {
  let endTurn = (): void => undefined;
  const turn = new Turn((run) => { endTurn = run; });
  const wire = new FakeWire();
  return { turn, wire, outbox: new Outbox(wire, turn, maxBytes), endTurn: () => endTurn() };
}

t.test('what one turn queues leaves in one write, in order', async (t) => {
  const { wire, outbox, endTurn } = make();
  t.equal(outbox.send('a'), 'sent');
  t.equal(outbox.send('b'), 'sent');
  t.same(wire.writes, []);
  endTurn();
  outbox.send('c');
  endTurn();
  t.same(wire.writes, [['a', 'b'], ['c']]);
});

t.test('what may be written at once does not overtake what was queued', async (t) => {
  const { wire, outbox, endTurn } = make();
  outbox.sendNow('a');
  outbox.send('b');
  outbox.sendNow('c');
  endTurn();
  t.same(wire.writes, [['a'], ['b', 'c']]);
});

t.test('much in one turn is written before it ends, so that a fast reader is none too slow',
  async (t) => {
    const { wire, outbox } = make(100_000);
    const frame = 'x'.repeat(40_000);
    for (let i = 0; i < 10; i += 1) t.equal(outbox.send(frame), 'sent');
    t.equal(wire.writes.flat().length, 10);
    t.equal(wire.slow, 0);
  });

t.test('a frame is sent, buffered or dropped, and a slow reader is given up once', async (t) => {
  const { wire, outbox, endTurn } = make(1000);
  wire.answer = 'buffered';
  wire.pending = 500;
  t.equal(outbox.sendNow('a'), 'buffered');
  t.equal(outbox.send('b'), 'buffered');
  endTurn();
  t.equal(wire.slow, 0);
  wire.pending = 1001;
  outbox.send('c');
  endTurn();
  t.equal(wire.slow, 1);
  t.equal(outbox.send('d'), 'dropped');
  endTurn();
  t.same(wire.writes, [['a'], ['b']]);
  t.equal(wire.slow, 1);
});

t.test('a frame that the wire refused ends the connection: no hole is left', async (t) => {
  const { wire, outbox } = make();
  wire.answer = 'dropped';
  t.equal(outbox.sendNow('a'), 'dropped');
  t.equal(wire.slow, 1);
});

t.test('a reader that caught up is no slow reader', async (t) => {
  const { wire, outbox, endTurn } = make(1000);
  wire.answer = 'buffered';
  wire.pending = 900;
  outbox.sendNow('a');
  wire.pending = 0;
  wire.answer = 'sent';
  outbox.writable();
  t.equal(outbox.send('b'), 'sent');
  endTurn();
  t.same(wire.writes, [['a'], ['b']]);
});

t.test('a blocked wire gets its frames when it can take them, bounded', async (t) => {
  const { wire, outbox, endTurn } = make(1000);
  wire.waits = true;
  outbox.send('a'.repeat(400));
  endTurn();
  outbox.send('b');
  t.same(wire.writes, []);
  wire.waits = false;
  outbox.writable();
  t.equal(wire.writes.flat().length, 2);
  wire.answer = 'buffered';
  wire.pending = 800;
  outbox.send('c');
  endTurn();
  wire.waits = true;
  outbox.send('d'.repeat(300));
  endTurn();
  t.equal(wire.slow, 1);
});

t.test('drained resolves when little is left, or with the connection', async (t) => {
  const { wire, outbox, endTurn } = make(1000);
  await outbox.drained();
  outbox.send('x'.repeat(600));
  let told = 0;
  const first = outbox.drained().then(() => { told += 1; });
  wire.answer = 'buffered';
  wire.pending = 600;
  endTurn();
  await Promise.resolve();
  t.equal(told, 0);
  wire.pending = 100;
  outbox.writable();
  await first;
  wire.pending = 600;
  const second = outbox.drained();
  outbox.end();
  await second;
  t.equal(outbox.send('y'), 'dropped');
});

t.test('bytes that came by another way count too', async (t) => {
  const { wire, outbox } = make(1000);
  wire.pending = 5000;
  outbox.checkLimit();
  t.equal(wire.slow, 1);
});
