import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { command, runCommand, startServer } from './helpers/server.js';

const run = promisify(execFile);
const readme = readFileSync('README.md', 'utf8');

/** The fenced blocks of one language below a heading. */
function blocks(heading: string, language: string): string[] {
  const from = readme.indexOf(`\n${heading}\n`);
  const to = readme.indexOf('\n#', from + heading.length + 1);
  const found = readme.slice(from, to < 0 ? undefined : to)
    .matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'));
  return [...found].map(([, text]) => text ?? '');
}

t.test('the curl conversation answers as the README says', async (t) => {
  const server = await startServer(t);
  const [script] = blocks('### curl', 'sh');
  const { stdout } = await run('bash', ['-c', (script ?? '').replaceAll(
    'http://127.0.0.1:8080/rpc', server.url,
  )]);
  const answers = stdout.trim().split('\n').map((line) => JSON.parse(line) as {
    result?: unknown; error?: { code: number };
  });
  t.match(answers, [
    { result: { room: 'First chat' } }, { result: { seq: 2 } }, { result: { seq: 3 } },
    { result: { messages: [{ from: 'Simon', text: 'Hi Fedir' }] } }, { error: { code: 404 } },
  ]);
});

t.test('the library conversation is the example that the tests run', async (t) => {
  const [code] = blocks('### Library', 'ts');
  t.equal(code, readFileSync('examples/library.ts', 'utf8'));
});

t.test('the console conversation shows the lines that the README shows', async (t) => {
  const server = await startServer(t);
  const [script] = blocks('### Console', 'console');
  const lines = (script ?? '').trim().split('\n');
  const open = (user: string) => runCommand(t, ['client', server.url, '--user', user]);
  // The same line may be due more than once.
  const due = new Map<string, number>();
  const shown = (text: string, times = 1) => new RegExp(
    `(^${text.replace(/[()[\]?*+.]/g, '\\$&')}$[^]*?){${times}}`, 'm',
  );
  const fedir = open('Fedir');
  await fedir.printed(shown('Authorized as Fedir'));
  const simon = open('Simon');
  for (const line of lines.slice(1)) {
    if (line.startsWith('> ')) {
      simon.child.stdin?.write(`${line.slice(2)}\n`);
      continue;
    }
    if (line === 'User Fedir is offline now') {
      await fedir.printed(shown('Message from Our chat ==> Hi Fedir'));
      fedir.child.stdin?.end();
    }
    due.set(line, (due.get(line) ?? 0) + 1);
    await simon.printed(shown(line, due.get(line)));
  }
  t.pass('every line was shown');
});

t.test('every file that the README points at is there', async (t) => {
  for (const [, path = ''] of readme.matchAll(/\]\(([^):]+)\)/g)) {
    t.ok(existsSync(path), path);
  }
});

t.test('every command of the README is one that the command knows', async (t) => {
  const used = new Set([...readme.matchAll(/npx ringpost (\w+)([^\n]*(?:\\\n[^\n]*)*)/g)]
    .map(([, name, rest]) => `${name} ${[...(rest ?? '').matchAll(/--[\w-]+/g)].join(' ')}`));
  for (const use of used) {
    const [name = '', ...flags] = use.split(' ').filter(Boolean);
    const { stdout } = await run(process.execPath, [command, name, '--help']);
    for (const flag of flags) t.match(stdout, flag, `${name} explains ${flag}`);
  }
});
