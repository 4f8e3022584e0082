import fc from 'fast-check';
import t from 'tap';
import { ParseFault, largerThan, named, parse } from '../../../src/rpc/codec.js';
import { makeService } from './service.js';

const depthOf = (value: unknown): number => typeof value === 'object' && value !== null
  ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

t.test('a text parses exactly as JSON.parse does, unless it is too deep', async (t) => {
  const texts = fc.oneof(fc.json({ maxDepth: 6 }), fc.string({ unit: 'binary' }));
  fc.assert(fc.property(texts, fc.integer({ min: 1, max: 6 }), (text, maxDepth) => {
    const value = parse(text, maxDepth);
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      return value instanceof ParseFault;
    }
    if (depthOf(expected) > maxDepth) {
      return value instanceof ParseFault && value.reason === 'too_deep';
    }
    return JSON.stringify(value) === JSON.stringify(expected);
  }), { numRuns: 500 });
  t.pass('held');
});

t.test('brackets and quotes inside strings count for nothing', async (t) => {
  const unit = fc.constantFrom('"', '\\', '[', '{', ']', '}', 'a');
  const strings = fc.array(fc.string({ unit }));
  fc.assert(fc.property(strings, (list) =>
    JSON.stringify(parse(JSON.stringify(list), 1)) === JSON.stringify(list)));
  t.pass('held');
});

t.test('bytes are read as UTF-8 and nothing else', async (t) => {
  t.same(parse(Buffer.from('["ä€😀"]'), 32), ['ä€😀']);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    parse(bytes, 32);
    return true;
  }));
  t.match(parse(Buffer.from([0x22, 0xff, 0x22]), 32), { reason: 'not_utf8' });
});

const ids = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null), fc.boolean(),
  fc.object());
const messages = fc.record({
  jsonrpc: fc.oneof(fc.constant('2.0'), fc.anything()),
  method: fc.oneof(fc.constantFrom('now', 'after', 'private', 'nothing', '$/cancelRequest'),
    fc.anything()),
  params: fc.oneof(fc.record({ name: fc.string() }), fc.array(fc.string()), fc.anything()),
  id: ids,
}, { requiredKeys: [] });

function conforms(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  const { jsonrpc, result, error, id, ...more } = answer as Record<string, unknown>;
  const goodId = id === null || typeof id === 'string' || Number.isSafeInteger(id);
  const goodError = typeof error === 'object' && error !== null
    && Number.isInteger(Reflect.get(error, 'code'))
    && typeof Reflect.get(error, 'message') === 'string';
  return jsonrpc === '2.0' && goodId && Object.keys(more).length === 0
    && (('result' in answer && !('error' in answer)) || (goodError && result === undefined));
}

t.test('any text gets at most one answer, of the form that the specification gives', async (t) => {
  const { connect } = makeService({ callsPerSecond: 0 });
  const session = connect();
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    messages.map((message) => JSON.stringify(message, safe)),
    fc.array(fc.oneof(messages, fc.jsonValue()), { maxLength: 5 })
      .map((batch) => JSON.stringify(batch, safe)),
  );
  await fc.assert(fc.asyncProperty(texts, async (text) => {
    const answer = await session.send(text);
    if (answer === undefined) return true;
    const value: unknown = JSON.parse(answer);
    return Array.isArray(value) ? value.length > 0 && value.every(conforms) : conforms(value);
  }), { numRuns: 1_000 });
  t.pass('held');
});

const safe = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : value;

t.test('params by position take the names of the schema; null is absent', async (t) => {
  t.same(named([1, null, 3], ['a', 'b', 'c']), { a: 1, c: 3 });
  t.same(named([], ['a']), {});
  t.equal(named([1, 2], ['a']), undefined);
});

t.test('sizes are of UTF-8, and 0 is no bound', async (t) => {
  t.notOk(largerThan('ää', 4));
  t.ok(largerThan('ää', 3));
  t.ok(largerThan(new Uint8Array(4), 3));
  t.notOk(largerThan('aaaa', 0));
});
