// What `npm test` runs: build with typecheck, lint, then every test. Prints a line for each step,
// and last the line `N passed, N failed`.
//   npm test                      everything
//   npm test -- unit chat         only test files whose path holds one of the words
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const resolve = createRequire(import.meta.url).resolve;
const words = process.argv.slice(2);

function fail(message) {
  console.log(message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

function step(title, script, ...args) {
  console.log(`── ${title}`);
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (status !== 0) fail(`${title}: failed`);
}

/** Some tests need programs that npm does not have; Debian does. */
function need(program, packageName, why) {
  const onPath = () => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (onPath()) return;
  console.log(`── ${program} is missing (${why}): installing Debian's ${packageName}`);
  if (process.getuid?.() === 0) {
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], quiet);
    spawnSync('apt-get', ['install', '-y', '-qq', packageName], { ...quiet, env });
  }
  if (onPath()) return;
  fail(`${why}: install it with  sudo apt-get install ${packageName}  and run again`);
}

function testFiles() {
  return readdirSync('dist/test', { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .map((file) => join('dist/test', file))
    .sort();
}

step('build and typecheck', 'tools/build.mjs');
if (words.length === 0) step('lint', join(dirname(resolve('eslint/package.json')), 'bin/eslint.js'), '.');
need('redis-server', 'redis-server', 'the cluster tests run against real Redis servers');
need('chromium', 'chromium', 'the widget and the console are tested in a real browser');

const files = testFiles();
if (files.length === 0) fail(`no test file has ${words.join(' or ')} in its path`);
console.log(`── ${files.length} test files`);
mkdirSync('dist/results', { recursive: true });
const jobs = String(Math.min(4, availableParallelism()));
const tap = join(dirname(resolve('tap/package.json')), 'dist/esm/run.mjs');
const child = spawn(process.execPath, [
  tap, 'run', '--reporter=tap', '--jobs', jobs, '--timeout=300', ...files,
], { stdio: ['ignore', 'pipe', 'inherit'] });

// Every finished file is one line; the whole of a failed one is shown when it is known to fail.
let passed = 0;
let failed = 0;
let block = [];
let rest = '';

function line(text) {
  const nested = /^\s+(not )?ok \d+/.exec(text);
  const subtest = /^\s*(not )?ok \d+ - .*# time=/.test(text);
  const skipped = /# (SKIP|TODO)/i.test(text);
  if (nested !== null && !subtest) nested[1] === undefined && !skipped ? passed++ : failed++;
  const file = /^(not )?ok \d+ - (dist\/test\/\S+)(.*)/.exec(text);
  if (file === null) {
    block.push(text);
    return;
  }
  const [, bad, name, time] = file;
  if (bad !== undefined) console.log(block.join('\n'));
  console.log(`${bad === undefined ? '✓' : '✗'} ${name.slice('dist/'.length)}${time}`);
  if (bad !== undefined && !block.some((text) => /^\s+not ok/.test(text))) failed++;
  block = [];
}

child.stdout.setEncoding('utf8');
child.stdout.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  lines.forEach(line);
});
child.on('close', (status) => {
  if (status !== 0 && failed === 0) {
    console.log(block.join('\n'));
    failed = 1;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(status === 0 && failed === 0 ? 0 : 1);
});
