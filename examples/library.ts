// A server inside an application that has its own users, and two clients beside it.
import { createServer, unauthenticated } from 'ringpost';
import { createClient } from 'ringpost/client';

// Whatever the application knows its users by: here two cookies.
const users = new Map([['cookie-1', 'Simon'], ['cookie-2', 'Fedir']]);

const server = createServer({
  data: false, // in memory; a folder keeps everything
  verify(token) {
    const user = users.get(token);
    if (user === undefined) throw unauthenticated('invalid');
    return {
      user, tenant: 'default', role: 'user', groups: [], issuedAt: 0, expiresAt: Infinity,
      kind: 'app',
    };
  },
});
const url = await server.listen(0);

const simon = createClient({ url, token: 'cookie-1' });
const fedir = createClient({ url, token: 'cookie-2' });
await fedir.ready();

const heard = new Promise<void>((resolve) => {
  fedir.on('message.created', ({ room, from, text }) => {
    console.log(`${from} in ${room}: ${text}`);
    resolve();
  });
});
await simon.call('room.create', { room: 'First chat', members: ['Fedir'] });
await simon.call('message.send', { room: 'First chat', text: 'Hi Fedir' });
await heard;

simon.close();
fedir.close();
await server.close();
