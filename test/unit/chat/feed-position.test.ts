import t from 'tap';
import { FeedPosition } from '../../../src/chat/feed-position.js';

t.test('what arrives between a page and going live is read, not lost (trap 7)', async (t) => {
  const position = new FeedPosition('e', 0);
  position.begin('e', 0);
  position.passed(1, false);
  t.equal(position.delivered('e', 2, false), 'skip', 'it reads on');
  t.equal(position.caughtUp(1), false, 'the page ended at 1, and 2 was seen');
  position.passed(2, false);
  t.equal(position.caughtUp(2), true);
  t.equal(position.delivered('e', 3, false), 'send');
});

t.test('a number that never comes is looked for once, not for ever', async (t) => {
  const position = new FeedPosition('e', 0);
  position.begin('e', 0);
  position.delivered('other', 9, false);
  t.equal(position.caughtUp(0), false);
  t.equal(position.caughtUp(0), true);
});
