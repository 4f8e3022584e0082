import t from 'tap';
import { Emitter } from '../../../src/client/emitter.js';

t.test('a listener that throws or rejects harms nobody', async (t) => {
  const faults: unknown[] = [];
  const seen: number[] = [];
  let told = (): void => undefined;
  const both = new Promise<void>((resolve) => {
    told = resolve;
  });
  const emitter = new Emitter<{ tick: number }>((fault) => {
    faults.push(fault);
    if (faults.length === 2) told();
  });
  emitter.on('tick', () => {
    throw new Error('thrown');
  });
  emitter.on('tick', async () => Promise.reject(new Error('rejected')));
  const off = emitter.on('tick', (value) => {
    seen.push(value);
    off();
  });
  emitter.emit('tick', 1);
  emitter.emit('tick', 2);
  await both;
  t.same(seen, [1]);
  t.ok(faults.length >= 2);
});
