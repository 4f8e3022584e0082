import t from 'tap';
import { defaultLimits } from '../../../src/base/limits.js';
import { SettingsError } from '../../../src/config.js';
import { limitsHelp, settingsHelp } from '../../../src/config-help.js';
import { loadSettings, settingSpecs, type Sources } from '../../../src/config-load.js';

const load = (
  argv: readonly string[], env: Sources['env'] = {}, file?: unknown,
): ReturnType<typeof loadSettings> => loadSettings({
  argv: file === undefined ? argv : [...argv, '--config', 'ringpost.json'],
  env,
  readFile: () => JSON.stringify(file),
});

const refusal = (...args: Parameters<typeof load>): string => {
  try {
    load(...args);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

t.test('--dev alone is enough to start, on loopback', async (t) => {
  const settings = load(['--dev']);
  t.match(settings, { dev: true, host: '127.0.0.1', port: 8080, path: '/rpc', data: './data' });
});

t.test('flags win over the environment, it over the file, and it over the default', async (t) => {
  const file = { port: 1, host: 'localhost', path: '/file', dev: true };
  const env = { RINGPOST_PORT: '2', RINGPOST_HOST: '::1' };
  t.match(load(['--port', '3'], env, file), { port: 3, host: '::1', path: '/file', users: 'any' });
});

t.test('limits are merged name by name', async (t) => {
  const { limits } = load(['--dev', '--limit', 'drainMs=1', '--limit', 'maxDepth=9'],
    { RINGPOST_LIMITS: 'maxDepth=8,maxBatchCalls=7' },
    { limits: { drainMs: 5, maxFrameBytes: 6 } });
  t.strictSame({ ...limits },
    { drainMs: 1, maxDepth: 9, maxBatchCalls: 7, maxFrameBytes: 6 });
});

t.test('values are written in every usual way', async (t) => {
  t.equal(load(['--dev', '--port=0']).port, 0);
  t.equal(load(['--dev', '-p', '0']).port, 0);
  t.equal(load(['--dev', '--no-metrics']).metrics, false);
  t.equal(load(['--dev=true', '--metrics=off']).metrics, false);
  t.strictSame(load(['--dev', '--origins', 'http://a,http://b', '--origins', 'http://c']).origins,
    ['http://a', 'http://b', 'http://c']);
});

t.test('commas between sentinels belong to their shard', async (t) => {
  const shards = ['a=redis+sentinel://x:1,y:2,z:3/a', 'b=redis://h:1'];
  t.strictSame(load(['--dev'], { RINGPOST_REDIS: shards.join(',') }).redis, shards);
});

t.test('what is unknown is refused, and the nearest is named', async (t) => {
  t.equal(refusal(['--dev', '--prot', '80']),
    'unknown flag --prot (did you mean --port?); see --help');
  t.equal(refusal(['--dev'], { RINGPOST_SECRTE: 'x' }),
    'unknown environment variable RINGPOST_SECRTE (did you mean RINGPOST_SECRET?)');
  t.equal(refusal(['--dev'], {}, { publicURL: 'x' }),
    'unknown setting publicURL in ringpost.json (did you mean publicUrl?)');
  t.match(refusal(['--dev', '--limit', 'maxFrameByte=1']), /did you mean maxFrameBytes\?/);
  t.match(refusal(['--dev', 'serve']), /serve is no flag/);
});

t.test('wrong values are refused by the name they came under', async (t) => {
  t.match(refusal(['--dev', '--port', '99999']), /^--port must be <= 65535; got 99999/);
  t.match(refusal(['--dev'], { RINGPOST_PORT: 'x' }), /^RINGPOST_PORT must be a whole number/);
  t.match(refusal(['--dev'], {}, { port: '80' }), /^port in ringpost.json must be integer/);
  t.match(refusal(['--dev', '--users', 'some']), /^--users must be one of any, known/);
  t.match(refusal(['--dev', '--limit', 'drainMs=-1']), /NAME=VALUE/);
  t.match(refusal(['--dev', '--port']), /--port needs a value/);
  t.match(refusal(['--secret', '--port', '1']), /--secret needs a value/);
});

t.test('settings that contradict each other are refused', async (t) => {
  t.match(refusal([]), /nobody could sign in/);
  t.match(refusal(['--dev', '--host', '0.0.0.0']), /refuses to listen on 0\.0\.0\.0/);
  t.match(refusal(['--dev', '--tls-key', 'x']), /belong together/);
  t.match(refusal(['--dev', '--workers', '2']), /needs --redis/);
  t.match(refusal(['--dev', '--redis', 'localhost:6379']), /--redis: a shard is written redis:/);
  t.match(refusal(['--dev', '--redis', 'redis://a,redis://a']), /two shards are called a:6379/);
});

t.test('--production refuses what is unsafe', async (t) => {
  const secret = 'x'.repeat(32);
  t.match(refusal(['--production', '--dev']), /refuses --dev/);
  t.match(refusal(['--production', '--secret', 'short']), /less than 32 bytes/);
  t.match(refusal(['--production', '--secret', secret, '--origins', 'https://*.a']), /refuses \*/);
  t.match(refusal(['--production', '--secret', secret, '--redis', 'a=redis://8.8.8.8:6379']),
    /without TLS/);
  const shards = 'a=rediss://8.8.8.8,redis://10.0.0.1,b=redis+sentinel://s1:26379,s2:26379/main';
  t.ok(load(['--production', '--secret', secret, '--redis', shards]));
  t.match(refusal(['--production', '--secret', secret,
    '--redis', 'a=redis+sentinel://s1:26379,8.8.8.8:26379/main']), /without TLS/);
});

t.test('help mentions every setting and every limit', async (t) => {
  const help = settingsHelp();
  for (const spec of settingSpecs) {
    t.match(help, new RegExp(`--(no-)?${spec.flag}\\b`));
    t.ok(spec.description.length > 5, `${spec.name} is described`);
  }
  for (const name of Object.keys(defaultLimits)) t.match(limitsHelp(), `  ${name}=`);
  t.ok(`${help}\n${limitsHelp()}`.split('\n').every((line) => line.length <= 100), 'lines fit');
});
