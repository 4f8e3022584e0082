import t from 'tap';
import { eventStreamParser, type StreamEvent }
  from '../../../src/client/transports/event-stream.js';

const text = '\uFEFF: hello\r\n\r\nid: 7\r\ndata: {"a":1}\r\n\r\nevent: x\ndata: one\n' +
  'data:two\n\ndata\r\rid: 9\n\ndata: last\n\n';
const expected: StreamEvent[] = [
  { event: 'message', data: '{"a":1}', id: '7' },
  { event: 'x', data: 'one\ntwo', id: '7' },
  { event: 'message', data: '', id: '7' },
  { event: 'message', data: 'last', id: '9' },
];

t.test('events are the same however the network cuts the text', async (t) => {
  for (let size = 1; size <= text.length; size += 1) {
    const events: StreamEvent[] = [];
    const parse = eventStreamParser((event) => events.push(event));
    for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
    t.same(events, expected, `pieces of ${size}`);
  }
});
