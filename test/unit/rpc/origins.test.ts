import t from 'tap';
import { OriginPolicy } from '../../../src/rpc/origins.js';

t.test('only listed origins pass, and callers that are no browser', async (t) => {
  const policy = new OriginPolicy(['https://chat.example', 'http://localhost:3000'], false);
  t.ok(policy.allows('https://chat.example'));
  t.ok(policy.allows('http://localhost:3000'));
  t.ok(policy.allows(''), 'no Origin');
  for (const origin of [
    'null', 'http://chat.example', 'https://chat.example:8443', 'https://chat.example.evil.net',
    'https://evilchat.example', 'https://a.chat.example', 'http://localhost:3001',
    'https://chat.example/', 'https://chat.example@evil.net',
  ]) {
    t.notOk(policy.allows(origin), origin);
  }
});

t.test('in development any page of this machine passes, and no other', async (t) => {
  const policy = new OriginPolicy([], true);
  for (const origin of [
    'http://localhost', 'http://localhost:5173', 'https://127.0.0.1:8080', 'http://[::1]:80',
    'http://127.9.9.9',
  ]) {
    t.ok(policy.allows(origin), origin);
  }
  for (const origin of [
    'null', 'http://localhost.evil.net', 'http://evil.net', 'http://127.0.0.1.evil.net',
    'http://localhost:80@evil.net', 'file://', 'http://10.0.0.1',
  ]) {
    t.notOk(policy.allows(origin), origin);
  }
});
