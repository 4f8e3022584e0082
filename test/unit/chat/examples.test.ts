import t from 'tap';
import type { MethodExample } from '../../../src/rpc/method.js';
import { createRig } from '../../helpers/chat-rig.js';

/** Made by the server, so that the example's stand for any. */
const opaque = new Map([['feed_unsubscribe', 'subscription']]);

/** Examples that need a token or another user's session: their own tests make them. */
const elsewhere = new Set(['session.authenticate', 'session.logout', 'session.revoke']);

t.test('every example can be called as it stands, and its answer is what the schema says',
  async (t) => {
    const rig = await createRig();
    t.teardown(() => rig.close());
    for (const registered of rig.registry.methods) {
      const { name } = registered.method;
      if (elsewhere.has(name)) continue;
      const simon = await rig.connect('Simon', { role: 'admin' });
      const { setup = [], params }: MethodExample = registered.method.example;
      let made: unknown;
      for (const call of setup) made = await simon.call(call.method, call.params);
      const place = opaque.get(name);
      const asked = place === undefined ? params : { [place]: made };
      const result = await simon.call(name, asked);
      t.equal(registered.checkResult(result), undefined, name);
      t.equal(registered.checkResult(registered.method.example.result), undefined,
        `${name}, as documented`);
      simon.session.disconnect();
    }
  });

t.test('every pushed event of a long story is what its specification says', async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const { Compile } = await import('typebox/compile');
  const specs = new Map([...rig.registry.events].map((event) => [
    event.name, Compile({ additionalProperties: false, ...event.params }),
  ]));
  for (const event of rig.registry.events) {
    t.ok(specs.get(event.name)?.Check(event.example), `${event.name}, as documented`);
  }
  const simon = await rig.connect('Simon', { role: 'admin' });
  const fedir = await rig.connect('Fedir');
  for (const client of [simon, fedir]) await client.call('feed.open');
  await simon.call('room.create', { room: 'r', title: 'First', members: ['Fedir'] });
  await simon.call('message.send', { room: 'r', text: 'Hi', key: 'k1' });
  await simon.call('message.edit', { room: 'r', seq: 2, text: 'Hello' });
  await fedir.call('message.typing', { room: 'r' });
  await fedir.call('message.read', { room: 'r', seq: 3 });
  await simon.call('message.delete', { room: 'r', seq: 2 });
  await simon.call('room.update', { room: 'r', title: 'Second' });
  await simon.call('room.addMember', { room: 'r', user: 'Petro' });
  await simon.call('room.removeMember', { room: 'r', user: 'Fedir' });
  await simon.call('room.delete', { room: 'r' });
  await simon.untilCount('room.deleted', 1);
  await fedir.untilCount('room.memberRemoved', 1);
  const names = new Set<string>();
  for (const { method, params } of [...simon.seen, ...fedir.seen]) {
    names.add(method);
    const spec = specs.get(method);
    t.ok(spec?.Check(params), `${method} ${JSON.stringify(params)}`);
  }
  t.strictSame([...names].sort(), [
    'message.created', 'message.deleted', 'message.edited', 'message.receipt', 'message.typed',
    'room.created', 'room.deleted', 'room.memberAdded', 'room.memberRemoved', 'room.updated',
    'unread.changed',
  ]);
});
