import fc from 'fast-check';
import t from 'tap';
import { roomKey, userKey } from '../../../../src/base/ids.js';
import { ByteWriter } from '../../../../src/store/redis/bytes.js';
import { kinds } from '../../../../src/store/redis/entry-codec.js';
import { decodeDeliveries, packItem, type Item } from '../../../../src/store/redis/publication.js';

const id = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
const number = fc.nat();

const item: fc.Arbitrary<Item> = fc.record({
  room: id.map((room) => roomKey('t', room)), epoch: id, seq: number,
  kind: fc.constantFrom(...kinds), count: number, at: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  by: id, version: number, large: fc.boolean(), subject: id, key: id,
  event: fc.record({ method: id, params: fc.json() }),
}, {
  requiredKeys: [
    'room', 'epoch', 'seq', 'kind', 'count', 'at', 'by', 'version', 'large', 'event',
  ],
});

const users = fc.array(fc.record({
  user: id.map((user) => userKey('t', user)), epoch: id, n: number, unread: number, total: number,
}));

t.test('a publication is read as it was written, whatever the texts', async (t) => {
  fc.assert(fc.property(fc.array(fc.record({ item, users }), { maxLength: 5 }), (deliveries) => {
    const parts = deliveries.map(({ item, users }) => {
      const raw = packItem(new ByteWriter().start(), item).end();
      const to = new ByteWriter().start().u32(raw.length).bytes(raw).u32(users.length);
      for (const { user, epoch, n, unread, total } of users) {
        to.text(user).text(epoch).u32(n).u32(unread).u32(total);
      }
      return to.end();
    });
    t.same(decodeDeliveries(Buffer.concat(parts)), deliveries);
  }), { numRuns: 200 });
});

t.test('a publication that was cut short is refused, not half read', async (t) => {
  const raw = packItem(new ByteWriter().start(), {
    room: roomKey('t', 'r'), epoch: 'e', seq: 1, kind: 'message', count: 1, at: 1, by: 'ann',
    version: 0, event: { method: 'm', params: '{}' }, large: false,
  }).end();
  const whole = new ByteWriter().start().u32(raw.length).bytes(raw).u32(1)
    .text(userKey('t', 'bob')).text('f').u32(1).u32(0).u32(0).end();
  t.equal(decodeDeliveries(whole).length, 1);
  for (let length = 1; length < whole.length; length++) {
    t.throws(() => decodeDeliveries(whole.subarray(0, length)), `${length} bytes`);
  }
});
