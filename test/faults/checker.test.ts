import t from 'tap';
import { check, type FindingKind } from './checker.js';
import type { Event, FinalRoom, Record } from './record.js';

const send = (client: string, key: string): Event => ({ kind: 'send', client, room: 'r', key });
const ack = (client: string, key: string, seq: number, epoch = 'e'): Event =>
  ({ kind: 'ack', client, room: 'r', key, seq, epoch });
const saw = (client: string, seq: number, text: string, epoch = 'e'): Event =>
  ({ kind: 'saw', client, room: 'r', seq, epoch, text, cursor: undefined });
const room = (members: string[], ...messages: [number, string][]): FinalRoom => ({
  room: 'r', epoch: 'e', members, messages: messages.map(([seq, text]) => ({ seq, text })),
});
const kinds = (record: Record): FindingKind[] =>
  [...new Set(check(record).map(({ kind }) => kind))];

const good: Event[] = [
  send('ann', 'a'), ack('ann', 'a', 2), saw('bob', 2, 'a'), saw('ann', 2, 'a'),
  send('bob', 'b'), ack('bob', 'b', 3), saw('ann', 3, 'b'), saw('bob', 3, 'b'),
];
const whole = room(['ann', 'bob'], [2, 'a'], [3, 'b']);

t.test('a whole record has no findings', async (t) => {
  t.same(check({ events: good, rooms: [whole] }), []);
});

t.test('each fault is found and named', async (t) => {
  const cases: [FindingKind, Record][] = [
    ['lost', { events: [send('ann', 'a'), ack('ann', 'a', 2)], rooms: [room([])] }],
    ['unexpected', { events: [], rooms: [room([], [2, 'ghost'])] }],
    ['duplicate', { events: [send('ann', 'a')], rooms: [room([], [2, 'a'], [3, 'a'])] }],
    ['duplicate', {
      events: [send('ann', 'a'), saw('bob', 2, 'a'), saw('bob', 2, 'a')],
      rooms: [room(['bob'], [2, 'a'])],
    }],
    ['reordered', {
      events: [send('ann', 'a'), send('ann', 'b'), saw('bob', 3, 'b'), saw('bob', 2, 'a')],
      rooms: [room(['bob'], [2, 'a'], [3, 'b'])],
    }],
    ['reordered', {
      events: [send('ann', 'a'), send('ann', 'b'), ack('ann', 'b', 2), ack('ann', 'a', 3)],
      rooms: [room([], [2, 'b'], [3, 'a'])],
    }],
    ['gap', { events: good.filter((one) => one !== good[2]), rooms: [whole] }],
    ['diverging', { events: [...good, saw('eve', 2, 'other')], rooms: [whole] }],
    ['aborted read', { events: [...good, saw('bob', 4, 'c'), send('eve', 'c')], rooms: [whole] }],
    ['aborted read', {
      events: [...good, { kind: 'refused', client: 'bob', room: 'r', key: 'b', code: -32009 }],
      rooms: [whole],
    }],
  ];
  for (const [kind, record] of cases) t.match(kinds(record), [kind], kind);
});

t.test('a tail that shows as a new epoch is no hidden loss', async (t) => {
  const events = [send('ann', 'a'), ack('ann', 'a', 2, 'before'), saw('ann', 2, 'a', 'before')];
  t.same(check({ events, rooms: [room([])] }), []);
});

t.test('what a feed said it missed is no gap', async (t) => {
  const events: Event[] = [
    send('ann', 'a'), send('ann', 'b'), { kind: 'reset', client: 'bob' }, saw('bob', 3, 'b'),
  ];
  t.same(check({ events, rooms: [room(['bob'], [2, 'a'], [3, 'b'])] }), []);
});
