import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { folder, Process, serve } from './client/served.js';
import { holdConversation, openConsole } from './helpers/conversation.js';

t.test('two consoles and a curl hold the conversation', async (t) => {
  const { url } = await serve(t, folder(t));
  await holdConversation(t, { simon: url, fedir: url });
});

t.test('lines that are piped in are answered one after another', async (t) => {
  const { url } = await serve(t, folder(t));
  const script = join(folder(t), 'talk.js');
  writeFileSync(script, 'write("r", "loaded")\n');
  const simon = openConsole(t, url, 'Simon');
  for (const line of [
    'createChat("r")', 'write("r", "one")', 'write("r",', '"two")', `.load ${script}`,
    'history("r")', 'read("r")', 'logout()', 'online(["Simon"])', 'auth("Ann")', '.exit',
  ]) simon.write(line);
  simon.child.stdin?.end();
  await simon.line(/^Authorized as Ann$/);
  const has = (pattern: RegExp): boolean => simon.lines.some((line) => pattern.test(line));
  for (const pattern of [/Simon: one$/, /Simon: two$/, /Simon: loaded$/, /^0 unread in r$/,
    /^Signed out/, /^Error: .*auth\("NAME"\)$/]) t.ok(has(pattern), String(pattern));
});

t.test('the command line explains itself', async (t) => {
  const help = Process.ringpost('client', '--help');
  t.teardown(() => help.end());
  await help.line(/createChat\("First chat"\)/);
  const none = Process.ringpost('client');
  await none.line(/which server\?/);
  const unknown = Process.ringpost('client', 'http://127.0.0.1:1/rpc', '--usr', 'Simon');
  await unknown.line(/unknown flag --usr.*--user/);
});
