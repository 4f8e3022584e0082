import fc from 'fast-check';
import t from 'tap';
import { idOf } from '../../../../src/base/ids.js';
import { RoomUnderTest } from '../../../conformance/harness.js';
import { forwardPending } from './forwarding.js';
import { openForTest } from './harness.js';

// The room log and the feeds against the simplest thing that says what they should be.
const people = ['ann', 'bob', 'cat'] as const;
const person = fc.constantFrom(...people);

type Step =
  | { readonly do: 'say' | 'leave' | 'forward' | 'read'; readonly who: string; readonly n: number }
  | { readonly do: 'add' | 'edit' | 'delete'; readonly who: string; readonly n: number };

const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({
  do: fc.constantFrom('say', 'say', 'say', 'leave', 'add', 'edit', 'delete', 'forward', 'read'),
  who: person, n: fc.nat(30),
}), { maxLength: 60 });

/** What one entry of the log must be, and who was in the room at it. */
interface Line {
  kind: string;
  text?: string | undefined;
  by: string;
  readonly members: readonly string[];
}

class Model {
  readonly log: Line[] = [{ kind: 'create', by: 'ann', members: [...people] }];
  members: string[] = [...people];

  add(kind: string, by: string, text?: string, also: readonly string[] = []): void {
    this.log.push({ kind, by, text, members: [...new Set([...this.members, ...also])].sort() });
  }

  message(seq: number): Line | undefined {
    const line = this.log[seq - 1];
    return line?.kind === 'message' && line.text !== undefined ? line : undefined;
  }
}

/** Applies a step to both. */
async function apply(room: RoomUnderTest, model: Model, step: Step): Promise<void> {
  const { who, n } = step;
  const { rooms } = room.under.store;
  switch (step.do) {
    case 'say':
      await room.say(who, `text ${n}`);
      model.add('message', who, `text ${n}`);
      break;
    case 'leave':
      await room.ok(who, { kind: 'remove', user: who });
      if (!model.members.includes(who)) break;
      model.members = model.members.filter((member) => member !== who);
      model.add('remove', who, undefined, [who]);
      break;
    case 'add':
      await room.ok(who, { kind: 'add', users: [who] });
      if (model.members.includes(who)) break;
      model.members = [...model.members, who];
      model.add('add', who);
      break;
    case 'edit':
    case 'delete': {
      const op = step.do === 'edit' ? { kind: step.do, target: n, text: 'edited' } as const
        : { kind: step.do, target: n } as const;
      const [result] = await room.append(room.op(who, op));
      const line = model.message(n);
      if (line === undefined) {
        if (result?.status !== 'missing') throw new Error(`edit of nothing: ${result?.status}`);
        break;
      }
      line.text = step.do === 'edit' ? 'edited' : undefined;
      model.add(step.do, who);
      break;
    }
    case 'forward':
      await forwardPending(room.under.store);
      break;
    case 'read':
      await rooms.read(room.room, who, n, room.under.now());
      break;
  }
}

/** Memberships of one user as seqs at which something concerned them, the removal included. */
const seen = (model: Model, user: string): number[] =>
  model.log.flatMap(({ members }, index) => members.includes(user) ? [index + 1] : []);

await t.test('log, feeds and unread are what a model of them says', async (t) => {
  await fc.assert(fc.asyncProperty(steps, async (list) => {
    const under = await openForTest({}, { remembered: 2 });
    const room = new RoomUnderTest(under);
    const model = new Model();
    await room.create('ann', [...people]);
    for (const step of list) await apply(room, model, step);
    await forwardPending(under.store);
    const [log = []] = await under.store.rooms.ranges([{ room: room.room, from: 1, to: 1e6 }]);
    t.same(log.map(({ seq }) => seq), model.log.map((_, index) => index + 1));
    t.same(
      log.map((entry) => [entry.kind, entry.by, entry.kind === 'message' ? entry.text : undefined]),
      model.log.map(({ kind, by, text }) => [kind, by, text]));
    t.same((await under.store.rooms.members(room.room, '', 9)).map(({ user }) => user),
      [...model.members].sort());
    for (const user of people) {
      const { entries } = await under.store.feeds.read(room.user(user), 0, 1_000);
      t.same(entries.map(({ n }) => n), entries.map((_, index) => index + 1));
      t.same(entries.filter(({ kind }) => kind !== 'read').map(({ seq }) => seq),
        seen(model, user), `${user} was told what happened while a member, in order, once`);
      const [row] = await under.store.feeds.rows(room.user(user), [room.room]);
      t.equal(row !== undefined, model.members.includes(user));
      t.equal(await under.store.feeds.total(room.user(user)),
        row === undefined ? 0 : Math.max(0, row.count - row.read));
      const { rows } = await under.store.feeds.rooms(room.user(user), { limit: 9 });
      t.same(rows.map((one) => idOf(one.room)), row === undefined ? [] : ['r']);
    }
    await under.close();
  }), { numRuns: 60 });
});
