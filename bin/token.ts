import { readFileSync } from 'node:fs';
import { importPKCS8, SignJWT, type JWTPayload } from 'jose';
import { compact } from '../src/base/compact.js';
import { randomId } from '../src/base/ids.js';
import { SettingsError } from '../src/config.js';
import { parseFlags, type FlagSpec } from '../src/flags.js';

const help = `ringpost token — prints a token for a user

  ringpost token --user Simon --secret TEXT
  ringpost token --user Simon --role admin --ttl 12h        (with RINGPOST_SECRET set)
  curl … -H "authorization: Bearer $(ringpost token --user Simon)"

      --user ID         who the token is for (\`sub\`)
      --role ROLE       role, such as admin
      --name TEXT       name for people
      --login TEXT      login name
      --groups A,B      groups
      --tenant ID       tenant; the default one when absent
      --ttl TIME        how long it is good: 30s, 15m, 1h (the default), 7d
      --secret TEXT     the server's secret; RINGPOST_SECRET by default
      --key FILE        private key (PKCS #8 PEM) in place of a secret, with --alg
      --alg NAME        its algorithm: RS256, PS256, ES256 (the default), EdDSA
      --issuer TEXT     \`iss\`; RINGPOST_ISSUER by default
      --audience TEXT   \`aud\`; RINGPOST_AUDIENCE by default
      --id TEXT         \`jti\`, by which session.revoke can name it; a random one by default`;

const text = (flag: string): FlagSpec => ({ flag, kind: 'text' });
const specs: readonly FlagSpec[] = [
  ...['user', 'role', 'name', 'login', 'tenant', 'ttl', 'secret', 'key', 'alg', 'issuer',
    'audience', 'id'].map(text),
  { flag: 'groups', kind: 'list' }, { flag: 'help', kind: 'boolean', short: 'h' },
];

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of `90`, `30s`, `15m`, `1h`, `7d`. */
function seconds(ttl: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(ttl) ?? [];
  const value = Number(count) * (units[unit] ?? NaN);
  if (value > 0) return value;
  throw new SettingsError(`--ttl must be a time such as 30s, 15m, 1h or 7d; got ${ttl}`);
}

/** Prints one token. The exit code is 0, or 2 for flags that make none. */
export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, specs);
  const of = (flag: string, variable?: string): string | undefined => {
    const value = values.get(flag)?.value;
    if (typeof value === 'string') return value;
    return variable === undefined ? undefined : process.env[variable];
  };
  if (values.has('help')) {
    console.log(help);
    return 0;
  }
  if (positionals[0] !== undefined) throw new SettingsError(`${positionals[0]} is no flag`);
  const user = of('user');
  if (user === undefined) throw new SettingsError('--user is missing: who is the token for?');
  const now = Date.now() / 1000;
  const payload: JWTPayload = compact({
    sub: user,
    // With its fraction: a token made right after a revocation is a later one.
    iat: now,
    exp: Math.ceil(now + seconds(of('ttl') ?? '1h')),
    jti: of('id') ?? randomId(16),
    iss: of('issuer', 'RINGPOST_ISSUER'),
    aud: of('audience', 'RINGPOST_AUDIENCE'),
    role: of('role'),
    name: of('name'),
    login: of('login'),
    tenant: of('tenant'),
    groups: values.get('groups')?.value,
  });
  console.log(await sign(payload, of('secret', 'RINGPOST_SECRET'), of('key'), of('alg')));
  return 0;
}

async function sign(
  payload: JWTPayload, secret: string | undefined, keyFile: string | undefined, alg = 'ES256',
): Promise<string> {
  const jwt = new SignJWT(payload);
  if (keyFile !== undefined) {
    const key = await importPKCS8(readFileSync(keyFile, 'utf8'), alg);
    return jwt.setProtectedHeader({ alg, typ: 'JWT' }).sign(key);
  }
  if (secret === undefined || secret === '') {
    throw new SettingsError('--secret is missing: the one that the server was started with '
      + '(or set RINGPOST_SECRET)');
  }
  return jwt.setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(Buffer.from(secret));
}
