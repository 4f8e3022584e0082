// A method and an event of an application's own: checked, limited, counted and documented (OpenRPC)
// like the server's.
import { createServer, defineEvent, defineMethod, type Chat } from 'ringpost';
import { createClient } from 'ringpost/client';
import Type from 'typebox';

const poke = defineMethod<Chat>()({
  name: 'app.poke',
  summary: 'Pokes a user who has an open feed.',
  params: Type.Object({ user: Type.String() }, { additionalProperties: false }),
  result: Type.Object({}),
  access: 'identity',
  example: { params: { user: 'Fedir' }, result: {} },
  async handler({ identity }, { user }) {
    await server.publish([user], 'app.poked', { by: identity.user });
    return {};
  },
});
const poked = defineEvent({
  name: 'app.poked',
  summary: 'Somebody poked the caller.',
  params: Type.Object({ by: Type.String() }),
  example: { by: 'Simon' },
});
const server = createServer({ data: false, dev: true }).method(poke).event(poked);
const url = await server.listen(0);

type Methods = { 'app.poke': { params: { user: string }; result: object } };
type Events = { 'app.poked': { by: string } };
const simon = createClient<Methods>({ url, token: 'Simon' });
const fedir = createClient<Methods, Events>({ url, token: 'Fedir' });
const told = new Promise<string>((resolve) => fedir.on('app.poked', ({ by }) => resolve(by)));
await fedir.ready();
await simon.call('app.poke', { user: 'Fedir' });
console.log(`Fedir was poked by ${await told}`);
for (const client of [simon, fedir]) client.close();
await server.close();
