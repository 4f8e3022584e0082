// A server as `ringpost serve` runs it, with methods that no server should have. Run as a process
// of its own: node faulty-server.js DATA
import Type from 'typebox';
import { onFault, onSignal } from '../../bin/process-end.js';
import {
  createLogger, createServer, defineMethod, loggedAlerts, type Chat,
} from '../../src/index.js';

const None = Type.Object({});
const method = (name: string, handler: () => Promise<Record<string, never>>) =>
  defineMethod<Chat>()({
    name, summary: name, params: None, result: None, access: 'identity',
    example: { params: {}, result: {} }, handler,
  });

const log = createLogger({ format: 'json' });
const server = createServer({ dev: true, data: process.argv[2] ?? './data', log });
server
  .method(method('test.fault', async () => {
    setTimeout(() => { throw new Error('a fault in a timer'); });
    return {};
  }))
  .method(method('test.reject', async () => {
    void Promise.reject(new Error('a fault that nobody waits for'));
    return {};
  }))
  .method(method('test.throw', async () => { throw new Error('a fault in a handler'); }))
  .method(method('test.hang', () => new Promise(() => undefined)));
onFault(server, log, loggedAlerts(log));
onSignal(server, log, (code) => process.exit(code));
process.stdout.write(`ringpost is ready: ${await server.listen(0)}\n`);
