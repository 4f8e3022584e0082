import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const run = promisify(execFile);
const resolve = createRequire(import.meta.url).resolve;
const tsc = resolve('typescript/bin/tsc');
const types = dirname(dirname(resolve('@types/node/package.json')));

const app = `
import Type from 'typebox';
import { createServer, defineMethod } from 'ringpost';
import { createClient } from 'ringpost/client';

const server = createServer({
  data: false,
  verify: (token) => ({
    user: token, tenant: 'default', role: 'user', groups: [], issuedAt: 0, expiresAt: Infinity,
    kind: 'app',
  }),
});
server.method(defineMethod()({
  name: 'app.double', summary: 'twice a number', access: 'identity',
  params: Type.Object({ value: Type.Number() }), result: Type.Number(),
  example: { params: { value: 2 }, result: 4 },
  handler: (_call, { value }) => value * 2,
}));
await server.listen(0);
const client = createClient({ url: server.url, token: 'Simon' });
const room = await client.call('room.create', { room: 'packed' });
const { seq }: { seq: number } = await client.call('message.send', { room: room.room, text: 'Hi' });
// @ts-expect-error a message needs a room
const refused = await client.call('message.send', { text: 'Hi' }).catch(() => 'refused');
console.log(JSON.stringify({ seq, refused }));
await client.close();
await server.close();
`;

t.test('the packed tarball installs into an empty project, whose application compiles and runs',
  { timeout: 240_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ringpost-package-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination',
      folder]);
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
    writeFileSync(join(folder, 'app.ts'), app);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: {
        target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: false,
        types: ['node'], typeRoots: [types],
      },
      files: ['app.ts'],
    }));
    await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit',
      join(folder, filename)], { cwd: folder });
    await run(process.execPath, [tsc, '-p', folder], { cwd: folder }).catch((error: unknown) => {
      t.fail('the application compiles against the types', { error });
    });
    const { stdout } = await run(process.execPath, ['app.js'], { cwd: folder });
    t.same(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), { seq: 2, refused: 'refused' });
    const help = await run(join(folder, 'node_modules/.bin/ringpost'), ['--help']);
    t.match(help.stdout, /ringpost serve/);
  });
