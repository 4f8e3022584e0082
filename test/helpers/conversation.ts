import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { Process } from '../client/served.js';

const run = promisify(execFile);

/** A console of a user, ended with the test at the latest. */
export function openConsole(t: Test, url: string, user: string): Process {
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

/** Where each of the two is connected; the same URL, or two nodes. */
export interface Places {
  readonly simon: string;
  readonly fedir: string;
}

/** The conversation of the README, with two consoles and a curl: every line that it promises. */
export async function holdConversation(t: Test, places: Places): Promise<void> {
  const simon = openConsole(t, places.simon, 'Simon');
  const fedir = openConsole(t, places.fedir, 'Fedir');
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

  t.match(await curl(places.simon, 'Simon', {
    method: 'message.send', params: { room: 'First chat', text: 'Hi from curl' },
  }), { result: { seq: Number, epoch: String } });
  await fedir.line(/^Message from First chat ==> Hi from curl$/);
  t.match(await curl(places.fedir, 'Petro', {
    method: 'room.get', params: { room: 'First chat' },
  }), { error: { code: 404 } }, 'a private room for those outside');

  simon.write('online(["Fedir", "Petro"])');
  await simon.line(/^Online users: Fedir$/);
  simon.write('subs([], ["Fedir"])');
  await simon.line(/^Online users: Fedir$/, 2);
  fedir.write('.exit');
  await simon.line(/^User Fedir is offline now$/);

  const again = openConsole(t, places.fedir, 'Fedir');
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
}
