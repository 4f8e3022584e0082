import type { Page } from 'playwright-core';
import t from 'tap';
import { introduce, openWindow, picture } from '../helpers/browser.js';
import { call, post, startInProcess } from '../helpers/server.js';

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
}

// Browsers take their time on a busy machine.
t.setTimeout(240_000);

t.test('an administrator sees the server live, and its limits', async (t) => {
  const { url } = await startInProcess(t);
  const page = await openWindow(t, new URL('/', url).href);
  await signIn(page, 'admin:admin');
  await page.getByRole('img', { name: /^Connections: 1/ }).waitFor();
  await page.locator('polyline').first().waitFor({ state: 'attached' });
  await page.getByText('serving').waitFor();
  await picture(page, 'console-live');
  await page.getByRole('link', { name: 'Limits' }).click();
  const limit = page.getByRole('row', { name: /maxTextCodePoints/ });
  t.match(await limit.textContent(), '4,096');
});

t.test('an administrator finds a user and sets role and state in the row', async (t) => {
  const { url } = await startInProcess(t);
  await introduce(url, 'olena:supervisor', 'taras:operator', 'iryna:operator');
  const page = await openWindow(t, new URL('/#users', url).href);
  await signIn(page, 'admin:admin');
  await page.getByText('4 of 4').waitFor();
  await page.getByLabel('Filter users').fill('tar');
  await page.getByText('1 of 4').waitFor();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Role of taras').fill('nobody');
  await page.getByRole('button', { name: 'Cancel' }).click();
  t.notMatch(await call(url, 'admin:admin', 'user.get', { user: 'taras' }), { role: 'nobody' });
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Role of taras').fill('supervisor');
  await page.getByLabel('taras is active').uncheck();
  await picture(page, 'console-users');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('inactive').waitFor();
  t.match(await call(url, 'admin:admin', 'user.get', { user: 'taras' }),
    { role: 'supervisor', active: false });
});

t.test('an import shows first what it will change, then changes it', async (t) => {
  const { url } = await startInProcess(t);
  await introduce(url, 'taras:operator');
  const page = await openWindow(t, new URL('/#users', url).href);
  await signIn(page, 'admin:admin');
  await page.getByText('2 of 2').waitFor();
  await page.getByRole('button', { name: 'Import…' }).click();
  await page.getByLabel('Users to import').fill([
    'user,login,name,role,active',
    'taras,taras,"Taras, the first",operator,true', 'u7,maria,Maria,supervisor,true', ',x,,,',
  ].join('\n'));
  const plan = page.getByRole('table', { name: 'What will change' });
  t.match(await plan.getByRole('row', { name: 'taras' }).textContent(), /changed.*the first/);
  t.match(await plan.getByRole('row', { name: 'u7' }).textContent(), 'new');
  t.match(await plan.getByRole('row', { name: 'no user id' }).textContent(), 'wrong');
  await picture(page, 'console-import');
  await page.getByRole('button', { name: 'Import 2 users' }).click();
  await page.getByText('1 created, 1 updated').waitFor();
  await page.getByText('3 of 3').waitFor();
  t.match(await call(url, 'admin:admin', 'user.get', { user: 'taras' }),
    { name: 'Taras, the first' });
});

t.test('an administrator blocks a user, whose widget says so, and unblocks', async (t) => {
  const { url } = await startInProcess(t);
  const taras = await openWindow(t, new URL('/demo?user=taras:operator', url).href);
  await taras.locator('ringpost-chat .head').click();
  const page = await openWindow(t, new URL('/#users', url).href);
  await signIn(page, 'admin:admin');
  const row = page.getByRole('row', { name: /taras/ });
  await row.getByRole('button', { name: 'Block' }).click();
  t.match(await row.textContent(), 'Close every session?', 'it asks first');
  await row.getByRole('button', { name: 'Yes' }).click();
  await row.getByText('blocked').waitFor();
  await taras.getByText('Signed out').waitFor();
  await row.getByRole('button', { name: 'Unblock' }).click();
  await row.getByText('active').waitFor();
  await taras.reload();
  await taras.locator('.away').waitFor({ state: 'detached' });
});

t.test('the API page lists what rpc.discover says and calls it', async (t) => {
  const { url } = await startInProcess(t);
  const page = await openWindow(t, new URL('/#api', url).href);
  await signIn(page, 'admin:admin');
  await page.getByLabel('Find a method').fill('presence.query');
  await page.getByRole('button', { name: 'presence.query' }).click();
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  t.match(await page.locator('pre.answer').textContent(), '"Nobody"');
  await picture(page, 'console-api');
  await page.getByLabel('Params of presence.query').fill('{"users": 7}');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.locator('pre.answer.bad').waitFor();
  t.match(await page.locator('pre.answer').textContent(), '-32602');
});

t.test('a wrong token is refused in words, and nothing of it is kept', async (t) => {
  const { url } = await startInProcess(t, { secret: 'a secret that is long enough for a test' });
  const page = await openWindow(t, new URL('/', url).href);
  await page.getByLabel('Token').fill('nonsense');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  t.equal(await page.evaluate('sessionStorage.length'), 0);
});

t.test('pages are held back where the console is switched off', async (t) => {
  const { url } = await startInProcess(t, { console: false });
  for (const path of ['/', '/widget.js', '/demo']) {
    t.equal((await fetch(new URL(path, url))).status, 404, path);
  }
  t.match(await post(url, undefined, { jsonrpc: '2.0', id: 1, method: 'server.info' }), { id: 1 });
});

t.test('pages allow no foreign script, and are sent once', async (t) => {
  const { url } = await startInProcess(t);
  const page = await fetch(new URL('/', url));
  const policy = page.headers.get('content-security-policy') ?? '';
  t.match(policy, "default-src 'none'");
  t.match(policy, "require-trusted-types-for 'script'");
  t.notMatch(policy, 'unsafe');
  t.notMatch(await page.text(), /<script(?![^>]*src=)|\son\w+=/, 'no script within the page');
  const etag = page.headers.get('etag') ?? '';
  const again = await fetch(new URL('/', url), { headers: { 'if-none-match': etag } });
  t.equal(again.status, 304);
});
