import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import t from 'tap';
import { introduce, openWindow, picture } from '../helpers/browser.js';
import { startProxy } from '../helpers/proxy.js';
import { call, startInProcess } from '../helpers/server.js';

// Browsers take their time on a busy machine.
t.setTimeout(240_000);

const demo = (url: string, user: string): string =>
  new URL(`/demo?user=${user}`, url).href;

const header = (page: Page) => page.locator('ringpost-chat .head');
const writing = (page: Page) => page.getByRole('textbox', { name: 'Write a message' });

/** Unfolds the widget and opens the dialog with somebody. */
async function talkTo(page: Page, login: string): Promise<void> {
  await header(page).click();
  await page.getByRole('tab', { name: 'All' }).click();
  await page.locator('.row', { hasText: login }).click();
}

async function write(page: Page, text: string): Promise<void> {
  await writing(page).fill(text);
  await writing(page).press('Enter');
}

t.test('the widget is small, and stands in one file', async (t) => {
  const script = readFileSync(new URL('../../web/widget.js', import.meta.url));
  const packed = gzipSync(script, { level: 9 }).byteLength;
  t.ok(packed <= 25 * 1024, `${packed} bytes gzipped`);
});

t.test('an operator and a supervisor write to each other in two windows', async (t) => {
  const { url } = await startInProcess(t);
  await introduce(url, 'olena:supervisor', 'taras:operator', 'iryna:operator');
  const taras = await openWindow(t, demo(url, 'taras:operator'));
  const olena = await openWindow(t, demo(url, 'olena:supervisor'));
  await header(olena).waitFor();
  await talkTo(taras, 'olena');
  await writing(taras).fill('Can the price of the set be lowered?');
  await writing(taras).press('Shift+Enter');
  await writing(taras).pressSequentially('The customer is on the line.');
  await picture(taras, 'widget-writing');
  await writing(taras).press('Enter');

  const flash = olena.locator('.head.flash');
  await flash.waitFor();
  t.match(await flash.textContent(), /taras.*Can the price/, 'folded, it shows a line');
  await olena.waitForFunction('document.title.startsWith("(1) ")');
  await picture(olena, 'widget-folded');
  await header(olena).click();
  t.equal(await flash.count(), 0, 'unfolded, it is calm');
  const row = olena.locator('.row.new', { hasText: 'taras' });
  t.match(await row.textContent(), 'Can the price');
  await picture(olena, 'widget-list');
  await taras.getByRole('img', { name: 'accepted' }).waitFor();
  await row.click();
  await taras.getByRole('img', { name: 'read', exact: true }).waitFor();
  const text = await olena.locator('.their p').innerText();
  t.match(text, /lowered\?\nThe customer/, 'Shift+Enter broke the line');
  t.match(await olena.locator('.their time').innerText(), /^\d\d:\d\d$/);

  await writing(olena).pressSequentially('Yes');
  await taras.getByText('olena is typing…').waitFor();
  await write(olena, '<img src=x onerror="document.title=1"><script>document.title=2</script>');
  const bubble = taras.locator('.their p');
  await bubble.waitFor();
  t.match(await bubble.innerText(), '<script>document.title=2</script>', 'a script stays text');
  t.equal(await taras.locator('ringpost-chat img').count(), 0);
  await picture(taras, 'widget-dialog');
  await olena.waitForFunction('!document.title.startsWith("(")');
});

t.test('what is unread elsewhere is said in a dialog, and one click away', async (t) => {
  const { url } = await startInProcess(t);
  await introduce(url, 'olena', 'iryna', 'taras');
  const taras = await openWindow(t, demo(url, 'taras'));
  await talkTo(taras, 'olena');
  const { room } = await call(url, 'iryna', 'room.direct', { user: 'taras' });
  await call(url, 'iryna', 'message.send', { room, text: 'Help me, please' });
  const elsewhere = taras.locator('.elsewhere');
  await elsewhere.waitFor();
  t.match(await elsewhere.textContent(), /Not read.*iryna.*Help me/);
  await elsewhere.click();
  await taras.locator('.their p', { hasText: 'Help me' }).waitFor();
  await elsewhere.waitFor({ state: 'detached' });
});

t.test('history comes as one scrolls up', async (t) => {
  const { url } = await startInProcess(t, { limits: { callsPerSecond: 0 } });
  await introduce(url, 'taras');
  const { room } = await call(url, 'olena', 'room.direct', { user: 'taras' });
  for (let i = 1; i <= 95; i++) {
    await call(url, 'olena', 'message.send', { room, text: `message ${i}.` });
  }
  const taras = await openWindow(t, demo(url, 'taras'));
  await header(taras).click();
  await taras.locator('.row', { hasText: 'olena' }).click();
  await taras.getByText('message 95.').waitFor();
  t.equal(await taras.getByText('message 1.', { exact: true }).count(), 0);
  const log = taras.locator('.log');
  for (let seen = 40; seen < 95; seen = await taras.locator('.their').count()) {
    await log.evaluate((element) => { element.scrollTop = -element.scrollHeight; });
    await taras.locator('.their').nth(seen).waitFor({ state: 'attached' });
  }
  t.equal(await taras.getByText('message 1.', { exact: true }).count(), 1);
});

t.test('the network is cut and comes back: nothing is lost, nothing reloaded', async (t) => {
  const { url } = await startInProcess(t);
  await introduce(url, 'olena');
  const proxy = await startProxy(Number(new URL(url).port));
  t.teardown(() => proxy.close());
  const taras = await openWindow(t, demo(`http://127.0.0.1:${proxy.port}/rpc`, 'taras'));
  await talkTo(taras, 'olena');
  await write(taras, 'before');
  await taras.getByRole('img', { name: 'accepted' }).waitFor();
  proxy.refuse = true;
  for (const connection of proxy.connections) connection.cut();
  await taras.getByText('No connection. Trying again…').waitFor();
  await picture(taras, 'widget-offline');
  await write(taras, 'meanwhile');
  const { room } = await call(url, 'olena', 'room.direct', { user: 'taras' });
  await call(url, 'olena', 'message.send', { room, text: 'while you were away' });
  proxy.refuse = false;
  await taras.getByText('while you were away').first().waitFor();
  await taras.locator('.own .mark').nth(1).waitFor();
  t.equal(await taras.getByText('No connection').count(), 0);
  t.same(await taras.locator('.own p').allInnerTexts(), ['before', 'meanwhile'], 'once each');
});

t.test('keys alone will do', async (t) => {
  const { url } = await startInProcess(t);
  await introduce(url, 'olena');
  const taras = await openWindow(t, demo(url, 'taras'));
  await header(taras).focus();
  await taras.keyboard.press('Enter');
  await taras.getByRole('tab', { name: 'Recent' }).focus();
  await taras.keyboard.press('ArrowRight');
  t.equal(await taras.getByRole('tab', { name: 'All' }).getAttribute('aria-selected'), 'true');
  await taras.locator('.row', { hasText: 'olena' }).focus();
  await taras.keyboard.press('Enter');
  await taras.keyboard.type('by keys');
  await taras.keyboard.press('Enter');
  await taras.locator('.own p', { hasText: 'by keys' }).waitFor();
  await taras.keyboard.press('Escape');
  await taras.getByRole('tablist').waitFor();
  await taras.keyboard.press('Tab');
  await header(taras).focus();
  await taras.keyboard.press('Escape');
  t.equal(await header(taras).getAttribute('aria-expanded'), 'false');
});
