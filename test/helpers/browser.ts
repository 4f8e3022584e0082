import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { createClient } from '../../src/client/index.js';

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A window of its own, as another person has; what a page throws or is refused fails the test. */
export async function openWindow(t: Test, url: string): Promise<Page> {
  const context = await browserContext(t);
  const page = await context.newPage();
  page.on('pageerror', (error) => t.fail(`${url}: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // That a page stays with its own host when the client would try other nodes is meant so.
    if (/Content Security Policy|Trusted/.test(text) && !text.includes('connect-src')) t.fail(text);
  });
  await page.goto(url);
  return page;
}

async function browserContext(t: Test): Promise<BrowserContext> {
  const folder = mkdtempSync(join(tmpdir(), 'ringpost-browser-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium', args: flags,
    viewport: { width: 1080, height: 680 }, colorScheme: 'light',
  });
  context.setDefaultTimeout(15_000);
  t.teardown(async () => {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return context;
}

/** Renews the pictures of docs/ when `RINGPOST_SCREENSHOTS` is set; the tests pass without. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['RINGPOST_SCREENSHOTS'] === undefined) return;
  const path = join('docs', 'screenshots', `${name}.png`);
  await page.screenshot({ path, animations: 'disabled' });
}

/** Has people sign in once, so that the server knows them. */
export async function introduce(url: string, ...tokens: readonly string[]): Promise<void> {
  await Promise.all(tokens.map(async (token) => {
    const client = createClient({ url, token, feed: false });
    await client.ready();
    await client.logout();
    client.close();
  }));
}
