import fc from 'fast-check';
import t from 'tap';
import { canonical } from '../../../src/chat/call-key.js';
import { decodeCursor, encodeCursor } from '../../../src/chat/cursor.js';
import { directRoomId, peerOf } from '../../../src/chat/direct.js';
import { FeedPosition } from '../../../src/chat/feed-position.js';
import { fitting } from '../../../src/chat/fit.js';
import { OwnCalls } from '../../../src/chat/own-calls.js';
import { membershipsOf, takersOf } from '../../../src/chat/recipients.js';
import { RoomFlow } from '../../../src/chat/room-flow.js';
import { roomKey, userKey } from '../../../src/base/ids.js';
import type { LogEntry } from '../../../src/store/entry.js';
import { RecordingSession } from '../../helpers/session.js';

t.test('a cursor is read back as it was said, and nothing else is one', async (t) => {
  const epoch = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
  fc.assert(fc.property(epoch, fc.maxSafeNat(), (epoch, n) => {
    const text = encodeCursor(epoch, n);
    return text.length <= 512 && decodeCursor(text)?.n === n && decodeCursor(text)?.epoch === epoch;
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    const read = decodeCursor(text);
    return read === undefined || encodeCursor(read.epoch, read.n) === text;
  }));
  for (const text of ['', '.', 'a', 'a.', 'a.00', 'a.01', 'a.-1', 'a.1 ', ' a.1', 'a.A',
    'a.zzzzzzzzzzz', `${'a'.repeat(511)}.1`]) {
    t.equal(decodeCursor(text), undefined, JSON.stringify(text));
  }
});

t.test('a live feed hands on what is next and nothing else', async (t) => {
  const at = new FeedPosition();
  at.begin('e', 5);
  t.ok(at.caughtUp(5));
  t.equal(at.delivered('e', 6, false), 'send');
  t.equal(at.delivered('e', 6, false), 'skip', 'once');
  t.equal(at.delivered('e', 3, false), 'skip', 'nothing from before');
  t.equal(at.delivered('e', 9, false), 'read', 'a gap is read from the feed');
  t.equal(at.delivered('e', 10, false), 'skip', 'and what comes meanwhile with it');
});

t.test('what arrives before the answer is out is read after it, and never twice (trap 7)',
  async (t) => {
    const at = new FeedPosition();
    t.equal(at.delivered('e', 8, false), 'skip');
    at.begin('e', 5);
    for (const n of [6, 7]) t.ok(at.passed(n, false));
    t.notOk(at.caughtUp(8), 'the page was read before 8 was written');
    t.ok(at.passed(8, false));
    t.ok(at.caughtUp(8));
    t.equal(at.delivered('e', 8, false), 'skip');
    t.equal(at.delivered('e', 9, false), 'send');
  });

t.test('another history under the same numbers is noticed (G6)', async (t) => {
  const at = new FeedPosition();
  at.begin('e', 5);
  t.ok(at.caughtUp(5));
  t.equal(at.delivered('f', 5, false), 'read');
  t.equal(at.judge({ epoch: 'f', head: 5, floor: 0 }), 'reset');
  t.equal(at.judge({ epoch: 'e', head: 4, floor: 0 }), 'reset', 'beyond the end');
  t.equal(at.judge({ epoch: 'e', head: 9, floor: 6 }), 'reset', 'trimmed');
  t.equal(at.judge({ epoch: 'e', head: 9, floor: 5 }), 'go');
});

t.test('one\'s own event waits for the answer, with all that follows it (trap 5)', async (t) => {
  const at = new FeedPosition();
  at.begin('e', 5);
  t.ok(at.caughtUp(5));
  t.equal(at.delivered('e', 6, true), 'skip');
  t.equal(at.phase, 'held');
  t.equal(at.delivered('e', 7, false), 'skip');
  t.ok(at.release());
  t.equal(at.phase, 'reading', 'what was held is read again, not kept in memory');
  t.ok(at.passed(6, false));
  t.notOk(at.caughtUp(7));
  t.ok(at.passed(7, false));
  t.ok(at.caughtUp(7));
  t.notOk(at.release());
});

t.test('any mix of deliveries and pages hands on each entry once, in order', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('write' as const), lose: fc.boolean(), hold: fc.boolean() }),
    fc.constant({ do: 'page' as const, lose: false, hold: false }),
    fc.constant({ do: 'release' as const, lose: false, hold: false }),
    fc.constant({ do: 'doubt' as const, lose: false, hold: false }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const at = new FeedPosition();
    const told: number[] = [];
    let head = 0;
    const page = (): void => {
      if (at.phase !== 'reading') return;
      for (let n = at.at + 1; n <= head; n += 1) if (at.passed(n, false)) told.push(n);
      at.caughtUp(head);
    };
    at.begin('e', 0);
    for (const { do: what, lose, hold } of steps) {
      if (what === 'write') {
        head += 1;
        if (!lose && at.delivered('e', head, hold) === 'send') told.push(head);
      } else if (what === 'page') page();
      else if (what === 'release') at.release();
      else at.doubt();
    }
    at.release();
    at.doubt();
    page();
    return told.length === head && told.every((n, index) => n === index + 1);
  }));
});

t.test('a call holds what may be its own, and no longer than until its answer', async (t) => {
  const session = new RecordingSession();
  const room = roomKey('default', 'r');
  let released = 0;
  const own = new OwnCalls(() => { released += 1; });
  const at = (seq: number, epoch = 'e') => ({ room, epoch, seq });
  const call = own.begin(session, room, 'k');
  t.ok(own.holds(session, at(7), 'k'), 'its key, before the store said which seq');
  t.notOk(own.holds(session, at(7), undefined));
  t.notOk(own.holds(session, { ...at(7), room: roomKey('default', 'other') }, 'k'));
  call.wrote('e', 8, 9);
  t.notOk(own.holds(session, at(7), 'k'));
  t.ok(own.holds(session, at(8), 'k'));
  t.ok(own.holds(session, at(9), 'k'));
  call.answered();
  t.notOk(own.holds(session, at(8), 'k'));
  t.equal(released, 2);

  const next = own.begin(session, room, undefined);
  t.notOk(own.holds(session, at(9), undefined), 'written before the call');
  t.ok(own.holds(session, at(10), undefined), 'may be its own');
  t.ok(own.holds(session, at(2, 'f'), undefined), 'nothing is known of another history');
  t.notOk(own.holds(session, at(10), 'k'));
  next.wrote('e', 11, 11);
  t.notOk(own.holds(session, at(10), undefined));
});

t.test('what another node wrote is left to it while the members stay the same', async (t) => {
  const room = roomKey('default', 'r');
  const ann = userKey('default', 'ann');
  const message = (seq: number): LogEntry => (
    { seq, at: 0, by: 'ann', count: seq - 1, kind: 'message', text: 'x' });
  const flow = new RoomFlow(room);
  const create: LogEntry = {
    seq: 1, at: 0, by: 'ann', count: 0, kind: 'create', room: 'group', members: ['ann'],
  };
  flow.take(ann, { epoch: 'e', version: 1, entries: [create] });
  flow.take(ann, { epoch: 'e', version: 1, entries: [message(2)] });
  t.notOk(flow.skipped);
  flow.take(ann, { epoch: 'e', version: 1, entries: [message(5)] });
  t.strictSame(flow.entries.map(({ seq }) => seq), [1, 2, 5]);
  t.ok(flow.skipped);
  flow.take(ann, { epoch: 'e', version: 6, entries: [message(7)] });
  t.ok(flow.logDirty, 'members changed at 6: the log is read');
  t.strictSame(flow.entries, []);
});

t.test('each entry is taken by who was a member when it was written (trap 2)', async (t) => {
  const base = { at: 0, by: 'x', count: 0 };
  const members = membershipsOf([{ user: 'a', since: 1, at: 0 }, { user: 'b', since: 1, at: 0 }]);
  const log: LogEntry[] = [
    { ...base, seq: 5, kind: 'message', text: 'one' },
    { ...base, seq: 6, kind: 'remove', user: 'b' },
    { ...base, seq: 7, kind: 'message', text: 'two' },
    { ...base, seq: 8, kind: 'add', user: 'c' },
    { ...base, seq: 9, kind: 'purge' },
  ];
  t.strictSame(log.map((entry) => takersOf(members, entry).map(({ user }) => user).join('')),
    ['ab', 'ab', 'a', 'ac', 'ac']);
  t.equal(members.size, 0);
});

t.test('a dialog has one id from both ends, that names the other', async () => {
  const id = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' });
  fc.assert(fc.property(id, id, (one, other) => {
    fc.pre(one !== other);
    const room = directRoomId(one, other);
    const named = !room.startsWith('direct:#');
    return room === directRoomId(other, one) && Buffer.byteLength(room) <= 128
      && (!named || (peerOf(room, one) === other && peerOf(room, other) === one));
  }));
  fc.assert(fc.property(id, id, id, (one, other, third) => {
    fc.pre(new Set([one, other, third]).size === 3);
    return directRoomId(one, other) !== directRoomId(one, third);
  }));
});

t.test('equal params are equal text, and a page ends before it passes its limit', async (t) => {
  t.equal(canonical({ b: [1, { d: 2, c: null }], a: undefined, e: 'é' }),
    canonical({ e: 'é', b: [1, { c: null, d: 2 }] }));
  t.not(canonical({ a: '1' }), canonical({ a: 1 }));
  const rows = Array(100).fill('x'.repeat(1_000));
  t.equal(fitting(rows, 0), 100);
  t.equal(fitting(rows, 50_000), 45);
  t.equal(fitting(rows, 10), 1, 'reading can always go on');
});
