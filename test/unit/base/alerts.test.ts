import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { signature, webhookAlerts } from '../../../src/base/alerts.js';
import { systemClock } from '../../../src/base/clock.js';
import { createLogger } from '../../../src/base/log.js';

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

t.test('an alert arrives signed, and again after the receiver failed', async (t) => {
  const received: { body: string; header: unknown }[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      received.push({ body, header: request.headers['ringpost-signature'] });
      response.writeHead(received.length === 1 ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const alerts = webhookAlerts({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, secret: 'shared',
    clock: systemClock, log: createLogger({ format: 'silent' }), retryMs: [1],
  });
  alerts.send({ kind: 'crash', subject: 'node1', message: 'it ended' });
  await alerts.settled();
  t.equal(received.length, 2);
  const [first, second] = received;
  t.equal(first?.body, second?.body);
  const { at, ...alert } = JSON.parse(second?.body ?? '') as { at: number };
  t.same(alert, { kind: 'crash', subject: 'node1', message: 'it ended' });
  t.equal(second?.header, signature('shared', at, second?.body ?? ''));
});
