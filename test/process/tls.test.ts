import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import t from 'tap';
import { WebSocket } from 'ws';
import { runCommand, startServer, temporaryFolder } from '../helpers/server.js';

// A self-signed pair for localhost, made for this test and used nowhere else.
const key = 'test/fixtures/tls-key.pem';
const cert = 'test/fixtures/tls-cert.pem';
const ca = readFileSync(cert);
const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server.info' });

t.test('a server with a key and a certificate answers https and wss', async (t) => {
  const server = await startServer(t, ['--tls-key', key, '--tls-cert', cert]);
  t.match(server.url, /^https:/, 'the ready line says so');
  const answer = await new Promise<string>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request(server.url, { method: 'POST', ca, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += String(chunk); });
      response.on('end', () => resolve(text));
    }).on('error', reject).end(call);
  });
  t.match(JSON.parse(answer), { id: 1, result: { name: 'ringpost' } });
  const socket = new WebSocket(server.url.replace('https', 'wss'), { ca });
  t.teardown(() => socket.terminate());
  const frame = await new Promise<string>((resolve, reject) => {
    socket.on('open', () => socket.send(call));
    socket.on('message', (data: Buffer) => resolve(data.toString()));
    socket.on('error', reject);
  });
  t.match(JSON.parse(frame), { id: 1, result: { name: 'ringpost' } });
});

t.test('a key that cannot be read is said in one line', async (t) => {
  const run = runCommand(t, ['serve', '--dev', '--port', '0', '--data', temporaryFolder(t),
    '--tls-key', 'nowhere.pem', '--tls-cert', cert]);
  const { code } = await run.exit;
  t.not(code, 0);
  t.match(run.stderr(), /nowhere\.pem/);
  t.notMatch(run.stderr(), /\n +at /, 'no stack');
});
