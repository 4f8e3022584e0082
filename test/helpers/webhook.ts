import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Test } from 'tap';
import { signature } from '../../src/base/alerts.js';

export interface Alerted {
  readonly kind: string;
  readonly subject: string;
  readonly at: number;
  readonly detail?: { readonly how?: string; readonly lastWords?: readonly string[] };
}

/** A receiver of alerts that keeps those that are signed with the secret, and counts others. */
export async function startWebhook(
  t: Test, secret: string,
): Promise<{ url: string; alerts: Alerted[]; unsigned: () => number }> {
  const alerts: Alerted[] = [];
  let unsigned = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; });
    request.on('end', () => {
      const alert = JSON.parse(body) as Alerted;
      if (request.headers['ringpost-signature'] === signature(secret, alert.at, body)) {
        alerts.push(alert);
      } else {
        unsigned += 1;
      }
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => { server.close(); });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/alerts`, alerts, unsigned: () => unsigned };
}
