// Compiles TypeScript into dist/ and lays the files beside it that are not TypeScript.
// `--if-needed` returns at once when nothing changed since the last build.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWeb } from './bundle-web.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const sources = ['src', 'bin', 'test', 'bench', 'examples', 'web'];

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

function newest() {
  let latest = 0;
  for (const source of sources) {
    if (!existsSync(join(root, source))) continue;
    for (const file of files(join(root, source))) {
      latest = Math.max(latest, statSync(file).mtimeMs);
    }
  }
  return Math.max(latest, statSync(join(root, 'package-lock.json')).mtimeMs);
}

const fresh = existsSync(stamp) && statSync(stamp).mtimeMs >= newest();
if (process.argv.includes('--if-needed') && fresh) process.exit(0);

if (process.argv.includes('--if-needed')) console.error('building ringpost …');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
for (const project of [root, join(root, 'web')]) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await bundleWeb(root);

for (const source of sources.filter((name) => name !== 'web')) {
  if (!existsSync(join(root, source))) continue;
  for (const file of files(join(root, source))) {
    if (!/\.(lua|html|css|json|svg)$/.test(file)) continue;
    cpSync(file, join(root, 'dist', file.slice(root.length + 1)));
  }
}
const command = join(root, 'dist', 'bin', 'ringpost.js');
if (existsSync(command)) chmodSync(command, 0o755);
writeFileSync(stamp, new Date().toISOString());
