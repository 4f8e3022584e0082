import Type, { type Static } from 'typebox';
import { LimitsSchema } from './base/limits.js';
import { parseShards, splitShards, type ShardAddress } from './cluster/shard-address.js';

/** Shown in help and errors; the schema alone knows a setting (config-load.ts, config-help.ts). */
interface Shown {
  /** Where help lists it. */
  readonly group: 'Serving' | 'Storing' | 'People' | 'Running';
  readonly description: string;
  /** The unit or kind of its value in help: `PORT`, `FILE`. */
  readonly value?: string;
  /** One-letter flag. */
  readonly short?: string;
}

const text = (shown: Shown) => Type.String({ minLength: 1, ...shown });
const list = (shown: Shown) =>
  Type.Array(Type.String({ minLength: 1 }), { ...shown, default: new Array<string>() });
const flag = (value: boolean, shown: Shown) => Type.Boolean({ ...shown, default: value });
const choice = <T extends string>(values: readonly [T, ...T[]], shown: Shown) =>
  Type.Enum([...values], { ...shown });

/**
 * Every setting of the server: with its default, and its unit in its name or `value`. A setting
 * is a flag (`--public-url`), an environment variable (`RINGPOST_PUBLIC_URL`) and a name in the
 * file (`publicUrl`), in this order of precedence.
 */
export const SettingsSchema = Type.Object({
  port: Type.Integer({
    group: 'Serving', value: 'PORT', short: 'p', default: 8080, minimum: 0, maximum: 65_535,
    description: 'TCP port; 0 takes a free one, and the ready line names it',
  }),
  host: Type.String({
    group: 'Serving', value: 'ADDRESS', default: '127.0.0.1', minLength: 1,
    description: 'address to listen on; 0.0.0.0 for every network of the machine',
  }),
  path: Type.String({
    group: 'Serving', value: 'PATH', default: '/rpc', pattern: '^/[!-~]*$',
    description: 'path of the one URL',
  }),
  publicUrl: Type.Optional(text({
    group: 'Serving', value: 'URL',
    description: 'where clients reach this node, when it is not what it listens on',
  })),
  origins: list({
    group: 'Serving', value: 'ORIGIN,…',
    description: 'web pages that may call, exactly, such as https://shop.example',
  }),
  trustedProxies: list({
    group: 'Serving', value: 'ADDRESS,…',
    description: 'proxies whose X-Forwarded-For is believed (addresses or CIDR)',
  }),
  tlsKey: Type.Optional(text({
    group: 'Serving', value: 'FILE', description: 'private key (PEM), for https and wss',
  })),
  tlsCert: Type.Optional(text({
    group: 'Serving', value: 'FILE', description: 'certificate chain (PEM), for https and wss',
  })),
  reusePort: flag(false, {
    group: 'Serving', description: 'several processes listen on the port (SO_REUSEPORT)',
  }),
  metrics: flag(true, { group: 'Serving', description: '/metrics for Prometheus' }),
  console: flag(true, { group: 'Serving', description: 'the web console at /, and /widget.js' }),

  data: Type.String({
    group: 'Storing', value: 'FOLDER', default: './data', minLength: 1,
    description: 'where the embedded store keeps everything',
  }),
  redis: list({
    group: 'Storing', value: 'URL,…',
    description: 'shards in place of the embedded store, NAME=URL each: more nodes than one',
  }),
  node: Type.Optional(text({
    group: 'Storing', value: 'ID', description: 'name of this node; by default a random one',
  })),

  dev: flag(false, {
    group: 'People',
    description: 'FOR DEVELOPMENT: any NAME or NAME:ROLE is a token; loopback only',
  }),
  secret: Type.Optional(text({
    group: 'People', value: 'TEXT', description: 'secret that tokens are signed with (HS256)',
  })),
  publicKey: Type.Optional(text({
    group: 'People', value: 'FILE', description: 'public key (PEM) that tokens are checked with',
  })),
  jwks: Type.Optional(text({
    group: 'People', value: 'URL', description: 'where the keys of your token issuer are published',
  })),
  issuer: Type.Optional(text({
    group: 'People', value: 'TEXT', description: '`iss` that tokens must have',
  })),
  audience: Type.Optional(text({
    group: 'People', value: 'TEXT', description: '`aud` that tokens must have',
  })),
  apiKeys: list({
    group: 'People', value: 'USER:KEY,…',
    description: 'keys of back ends, USER:KEY or USER:ROLE:KEY each',
  }),
  users: Type.Enum(['any', 'known'], {
    group: 'People', default: 'any',
    description: 'known: users who were never seen may not be named',
  }),
  policy: Type.Enum(['open', 'call-center'], {
    group: 'People', default: 'open', description: 'who may do what (docs/access.md)',
  }),
  readOnLogout: flag(true, {
    group: 'People',
    description: 'marking all as read when a user\'s last session logs out (call-center)',
  }),
  readWhenIdle: flag(true, {
    group: 'People', description: 'marking all as read after an hour without calls (call-center)',
  }),

  log: Type.Optional(choice(['json', 'people', 'silent'], {
    group: 'Running', description: 'form of the log; people in a terminal, json elsewhere',
  })),
  logLevel: Type.Enum(['debug', 'info', 'warn', 'error'], {
    group: 'Running', default: 'info', description: 'least important line that is logged',
  }),
  limits: Type.Object(
    Object.fromEntries(Object.entries(LimitsSchema.properties)
      .map(([name, schema]) => [name, Type.Optional(schema)])),
    {
      group: 'Running', value: 'NAME=VALUE', flag: 'limit', default: {},
      additionalProperties: false,
      description: 'one bound of the server, 0 for none; may be given often (--help limits)',
    },
  ),
  production: flag(false, {
    group: 'Running',
    description: 'refuses what is unsafe: --dev, weak secrets, any origin, Redis in the clear',
  }),
  workers: Type.Integer({
    group: 'Running', value: 'COUNT', default: 0, minimum: 0, maximum: 256,
    description: 'processes on the port, started again when they crash; over 1 with --redis',
  }),
  alertWebhook: Type.Optional(text({
    group: 'Running', value: 'URL', description: 'where crashes and faults are reported, as JSON',
  })),
  alertSecret: Type.Optional(text({
    group: 'Running', value: 'TEXT', description: 'secret that reports are signed with',
  })),
}, { additionalProperties: false });

export type Settings = Static<typeof SettingsSchema>;

/** Settings that were found wrong: said to the operator in one line, exit code 2. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/** Whether only this machine can reach a server that listens there. */
export const isLoopback = (host: string): boolean => loopback.test(host);

const least = 32;

/**
 * What the settings say together.
 * @throws SettingsError for the first rule that they break
 */
export function checkSettings(settings: Settings): void {
  const refuse: Refuse = (message) => { throw new SettingsError(message); };
  const { dev, host, secret, publicKey, jwks, apiKeys, tlsKey, tlsCert, redis } = settings;
  if (dev && !isLoopback(host)) {
    refuse(`--dev takes any word for a token, so it refuses to listen on ${host}: `
      + 'leave --host out, or give --secret, --public-key or --jwks in place of --dev');
  }
  const keys = secret ?? publicKey ?? jwks;
  if (!dev && keys === undefined && apiKeys.length === 0) {
    refuse('nobody could sign in: give --secret, --public-key, --jwks or --api-keys, '
      + 'or --dev to try things out on this machine');
  }
  if ((tlsKey === undefined) !== (tlsCert === undefined)) {
    refuse('--tls-key and --tls-cert belong together');
  }
  if (settings.workers > 1 && redis.length === 0) {
    refuse('more than one worker needs --redis: the embedded store belongs to one process');
  }
  if (settings.workers > 1 && settings.port === 0) {
    refuse('several workers share one port: give it by --port');
  }
  if (settings.alertSecret !== undefined && settings.alertWebhook === undefined) {
    refuse('--alert-secret signs what is sent to --alert-webhook, which is missing');
  }
  const shards = redis.length === 0 ? [] : shardsOf(redis, refuse);
  if (settings.production) checkProduction(settings, shards, refuse);
}

type Refuse = (message: string) => never;

/** A setting is split at every comma; the hosts of a Sentinel have some of their own. */
function shardsOf(redis: readonly string[], refuse: Refuse): ShardAddress[] {
  try {
    return parseShards(splitShards(redis.join(',')));
  } catch (error) {
    return refuse(`--redis: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Names without a dot, such as those of containers, and addresses that nobody routes. */
const inside = /^([^.:]+|::1|127\..+|10\..+|192\.168\..+|172\.(1[6-9]|2\d|3[01])\..+)$/;

function checkProduction(
  settings: Settings, shards: readonly ShardAddress[], refuse: Refuse,
): void {
  if (settings.dev) refuse('--production refuses --dev');
  const { secret } = settings;
  if (secret !== undefined && Buffer.byteLength(secret) < least) {
    refuse(`--production refuses a --secret of less than ${least} bytes `
      + '(make one with: openssl rand -hex 32)');
  }
  if (settings.origins.some((origin) => origin.includes('*'))) {
    refuse('--production refuses * in --origins: name each one');
  }
  for (const { options: { tls, password, sentinels, host } } of shards) {
    const hosts = sentinels?.map((sentinel) => sentinel.host) ?? [host];
    if (tls === undefined && password === undefined
      && !hosts.every((name) => inside.test(name ?? ''))) {
      refuse('--production refuses Redis without TLS at a public address: use rediss://');
    }
  }
}
