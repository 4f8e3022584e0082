import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { folder, Process, serve } from './client/served.js';

const run = promisify(execFile);

function open(t: Test, url: string, user: string): Process {
  const console = Process.ringpost('client', url, '--user', user);
  t.teardown(() => console.end());
  return console;
}

async function curl(url: string, user: string, call: object): Promise<unknown> {
  const { stdout } = await run('curl', [
    '-sS', url, '-H', `authorization: Bearer ${user}`, '-H', 'content-type: application/json',
    '-d', JSON.stringify({ jsonrpc: '2.0', id: 1, ...call }),
  ]);
  const answer: unknown = JSON.parse(stdout);
  return answer;
}

t.test('two consoles and a curl hold the conversation', async (t) => {
  const { url } = await serve(t, folder(t));
  const simon = open(t, url, 'Simon');
  const fedir = open(t, url, 'Fedir');
  for (const [name, console] of [['Simon', simon], ['Fedir', fedir]] as const) {
    await console.line(/^Client connected !!!$/);
    await console.line(new RegExp(`^Authorized as ${name}$`));
  }
  simon.write('createChat("First chat")');
  await simon.line(/^Member Simon was added to room First chat$/);
  simon.write('join("First chat", "Fedir")');
  await simon.line(/^Member Fedir was added to room First chat$/);
  await fedir.line(/^Member Fedir was added to room First chat$/);
  simon.write('write("First chat", "Hi Fedir")');
  await fedir.line(/^Message from First chat ==> Hi Fedir$/);

  t.match(await curl(url, 'Simon', {
    method: 'message.send', params: { room: 'First chat', text: 'Hi from curl' },
  }), { result: { seq: Number, epoch: String } });
  await fedir.line(/^Message from First chat ==> Hi from curl$/);
  t.match(await curl(url, 'Petro', { method: 'room.get', params: { room: 'First chat' } }),
    { error: { code: 404 } }, 'a private room for those outside');

  simon.write('online(["Fedir", "Petro"])');
  await simon.line(/^Online users: Fedir$/);
  simon.write('subs([], ["Fedir"])');
  await simon.line(/^Online users: Fedir$/, 2);
  fedir.write('.exit');
  await simon.line(/^User Fedir is offline now$/);

  const again = open(t, url, 'Fedir');
  await simon.line(/^User Fedir is online now$/);
  again.write('rooms()');
  await again.line(/^First chat {2}group, 2 unread$/);
  simon.write('remove("First chat", "Fedir")');
  await again.line(/^Member Fedir was removed from First chat$/);
  again.write('write("First chat", "still here?")');
  await again.line(/^Error 404: .*rooms\(\) lists yours$/);
  for (const console of [simon, fedir, again]) {
    t.notOk(console.lines.some((line) => line.includes('\u001b')), 'no colours in a pipe');
  }
});

t.test('lines that are piped in are answered one after another', async (t) => {
  const { url } = await serve(t, folder(t));
  const script = join(folder(t), 'talk.js');
  writeFileSync(script, 'write("r", "loaded")\n');
  const simon = open(t, url, 'Simon');
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
