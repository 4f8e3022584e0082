// A client that misses nothing: node dist/examples/client.js http://127.0.0.1:8080/rpc Simon
import { readFileSync, writeFileSync } from 'node:fs';
import { CallError, createClient, type Position } from 'ringpost/client';

const [url = 'http://127.0.0.1:8080/rpc', user = 'Simon', file] = process.argv.slice(2);

// Where the run before stopped: everything since then comes first, once and in order.
const position: Position = file === undefined ? {} : read(file);
const client = createClient({ url, token: async () => user, position });

client.on('state', ({ state, transport }) => console.log(`${state} by ${transport}`));
client.on('message.created', ({ room, from, text }) => {
  console.log(`${from} in ${room}: ${text}`);
  if (file !== undefined) writeFileSync(file, JSON.stringify(client.position));
});
client.on('reset', () => console.log('away for too long: room.list shows where things are'));
client.on('error', (error) => console.error(error.message));

try {
  // Waits for a connection, and is sent again under the same key when the answer is lost.
  await client.call('room.create', { room: `${user}'s notes` });
} catch (error) {
  if (!(error instanceof CallError && error.data?.reason === 'exists')) throw error;
}
const sent = await client.call('message.send', { room: `${user}'s notes`, text: 'I was here' });
console.log(`stored as ${sent.seq}`);

process.once('SIGINT', () => client.close());

function read(path: string): Position {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
