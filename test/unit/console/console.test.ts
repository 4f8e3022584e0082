import { createContext } from 'node:vm';
import t from 'tap';
import { commandNames, complete, Known, usage } from '../../../bin/console/commands.js';
import { evaluate } from '../../../bin/console/evaluate.js';
import {
  authorized, connected, errorLine, historyLine, lineOf, onlineUsers, paint, plain,
} from '../../../bin/console/format.js';
import { CallError } from '../../../src/client/index.js';

t.test('events are told in the words of the console', async (t) => {
  const said = (method: string, params: object): string | undefined =>
    lineOf('Simon', method, { ...params })?.text;
  t.equal(connected.text, 'Client connected !!!');
  t.equal(authorized('Simon').text, 'Authorized as Simon');
  t.equal(said('room.created', { room: 'First chat', by: 'Simon' }),
    'Member Simon was added to room First chat', 'the creator sees its own');
  t.equal(said('room.memberAdded', { room: 'First chat', user: 'Fedir', by: 'Simon' }),
    'Member Fedir was added to room First chat');
  t.equal(said('room.memberRemoved', { room: 'First chat', user: 'Fedir', by: 'Simon' }),
    'Member Fedir was removed from First chat');
  t.equal(said('message.created', { room: 'First chat', from: 'Simon', text: 'Hi Fedir' }),
    'Message from First chat ==> Hi Fedir');
  t.equal(said('message.created', { room: 'r', body: { a: 1 } }), 'Message from r ==> {"a":1}');
  t.equal(said('presence.changed', { user: 'Fedir', online: true }), 'User Fedir is online now');
  t.equal(said('presence.changed', { user: 'Fedir', online: false }), 'User Fedir is offline now');
  t.equal(said('unread.changed', { room: 'r', unread: 1 }), undefined);
  t.equal(onlineUsers(['Fedir', 'Petro']).text, 'Online users: Fedir, Petro');
  t.match(historyLine({ seq: 2, at: 0, from: 'Simon', text: 'Hi' }).text,
    '2  1970-01-01T00:00:00  Simon: Hi');
});

t.test('what others write cannot steer the terminal', async (t) => {
  t.equal(plain('a\u001b[2Jb\u0007\u009b1m\u202e'), 'a\uFFFD[2Jb\uFFFD\uFFFD1m\uFFFD');
  t.equal(plain('one\r\ntwo'), 'one\n  two');
  t.equal(paint({ tone: 'error', text: 'x' }, false), 'x');
  t.equal(paint({ tone: 'error', text: 'x' }, true), '\u001b[31mx\u001b[0m');
});

t.test('an error says what to do', async (t) => {
  const fault = new CallError('room.get', 404, 'Not found', { reason: 'not_found' });
  t.equal(errorLine(fault).text, 'Error 404: room.get: Not found (not_found): ' +
    'no such room or user here, or none that you may see; rooms() lists yours');
});

t.test('Tab completes functions, and names inside quotes', async (t) => {
  const known = new Known();
  known.note({ room: 'First chat', from: 'Fedir', by: 7 });
  t.same(complete('wr', known), [['write('], 'wr']);
  t.same(complete('write("F', known), [['Fedir"', 'First chat"'], 'F']);
  t.same(complete('subs([], ["Fe', known), [['Fedir"'], 'Fe']);
  t.same(complete('write("First chat", wr', known), [['write('], 'wr']);
  for (const name of commandNames) t.ok(usage[name].startsWith(`${name}(`));
});

t.test('a text runs as JavaScript, awaited, and waits for its end', async (t) => {
  const context = createContext({ later: async (value: unknown) => value });
  t.equal(await evaluate('later(7)', context), 7);
  t.equal(await evaluate('1 + await later(7);', context), 8);
  await evaluate('var kept = 3', context);
  t.equal(await evaluate('kept', context), 3);
  await t.rejects(evaluate('later({', context), { name: 'Incomplete' });
  await t.rejects(evaluate('later(}', context), { name: 'SyntaxError' });
});
