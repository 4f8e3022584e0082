import t from 'tap';
import { userKey } from '../../../src/base/ids.js';
import { WatchBook } from '../../../src/cluster/watches.js';

const simon = userKey('default', 'simon');
const on = { online: true, devices: 1 };
const off = { online: false, devices: 0 };

void t.test('watches are counted: the last one ends it', async (t) => {
  const book = new WatchBook();
  book.add([simon]);
  book.add([simon]);
  t.same(book.remove([simon]), []);
  t.same(book.remove([simon]), [simon]);
  t.same(book.remove([simon]), []);
});

void t.test('a state that the watchers know is no event, whatever way it came', async (t) => {
  const book = new WatchBook();
  book.add([simon]);
  book.read(simon, on);
  t.equal(book.learn(simon, on), false, 'published before it was read, arrived after');
  t.equal(book.learn(simon, off), true);
  t.equal(book.learn(simon, off), false, 'read again after a gap');
});

void t.test('a second watch does not swallow a change that is on its way', async (t) => {
  const book = new WatchBook();
  book.add([simon]);
  book.read(simon, off);
  book.add([simon]);
  book.read(simon, on);
  t.equal(book.learn(simon, on), true, 'the first watcher is still to be told');
});

void t.test('nobody is told of those whom nobody watches', async (t) => {
  t.equal(new WatchBook().learn(simon, on), false);
});
