import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, exportSPKI, generateKeyPair, type JWTPayload } from 'jose';
import t, { type Test } from 'tap';
import { createVerifier, signToken, type VerifierOptions } from '../../../src/auth/index.js';
import { ManualClock } from '../../../src/base/clock.js';
import { randomId } from '../../../src/base/ids.js';
import { createLogger } from '../../../src/base/log.js';
import type { Identity } from '../../../src/rpc/index.js';

const secret = 'a secret that is long enough for HS256';
const log = createLogger({ format: 'silent' });
const bytes = Buffer.from(secret);
const hour = 3_600_000;

function make(options: Partial<VerifierOptions> = {}) {
  // jose stamps its key sets with the machine's own clock: start from there.
  const clock = new ManualClock(Date.now());
  const verify = createVerifier({ clock, log, ...options });
  const now = Math.floor(clock.now() / 1000);
  const claims = { sub: 'simon', exp: now + 3_600, iat: now };
  return { clock, verify: async (token: string) => verify(token), sync: verify, now, claims };
}

const hs256 = (claims: JWTPayload, key: Uint8Array = bytes, header: object = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);

const unsigned = (header: object, claims: object) =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')}.`;

t.test('a token that we sign says who is calling', async (t) => {
  const { clock, verify } = make({ secret, issuer: 'us', audience: 'chat' });
  const token = await signToken({
    user: 'simon', role: 'admin', name: 'Simon', login: 'si', groups: ['a', 'b'], tenant: 'acme',
    issuer: 'us', audience: 'chat', lifeMs: hour,
  }, secret, clock, () => 'token-1');
  const seconds = Math.floor(clock.now() / 1000) * 1000;
  t.same(await verify(token), {
    user: 'simon', tenant: 'acme', role: 'admin', name: 'Simon', login: 'si', groups: ['a', 'b'],
    issuedAt: seconds, expiresAt: seconds + hour, kind: 'jwt', tokenId: 'token-1',
  });
  await t.rejects(signToken({ user: 'a', lifeMs: 0 }, secret, clock, randomId), RangeError);
});

t.test('a token seen before is answered at once, until it expires', async (t) => {
  const { clock, sync, claims } = make({ secret, toleranceMs: 5_000 });
  const token = await hs256(claims);
  const first = sync(token);
  t.ok(first instanceof Promise);
  const identity = await first;
  t.equal(sync(token), identity);
  clock.advance(hour + 4_000);
  t.equal(sync(token), identity, 'within the tolerance');
  clock.advance(2_000);
  t.throws(() => sync(token), { code: 401, data: { reason: 'expired' } });
});

t.test('how many tokens are remembered is bounded', async (t) => {
  const { sync, claims } = make({ secret, maxCached: 2 });
  const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => hs256({ ...claims, sub })));
  for (const token of tokens) await sync(token);
  t.notOk(sync(tokens[2] ?? '') instanceof Promise);
  t.ok(sync(tokens[0] ?? '') instanceof Promise, 'the oldest is verified again');
});

t.test('what is no good token is refused, whatever is wrong with it', async (t) => {
  const { verify, claims, now } = make({ secret, issuer: 'us', audience: 'chat' });
  const good = { ...claims, iss: 'us', aud: 'chat' };
  t.match(await verify(await hs256(good)), { user: 'simon', role: 'user', tenant: 'default' });
  const { exp: _exp, ...noExp } = good;
  const { sub: _sub, ...noSub } = good;
  const bad: Record<string, string> = {
    'alg none': unsigned({ alg: 'none' }, good),
    'alg None': unsigned({ alg: 'None' }, good),
    'no alg': unsigned({}, good),
    'other secret': await hs256(good, Buffer.from('another secret, as long as the first')),
    'no exp': await hs256(noExp),
    'no sub': await hs256(noSub),
    'wrong iss': await hs256({ ...good, iss: 'them' }),
    'wrong aud': await hs256({ ...good, aud: 'mail' }),
    'not yet': await hs256({ ...good, nbf: now + 60 }),
    'sub with NUL': await hs256({ ...good, sub: 'acme\0simon' }),
    'tenant with NUL': await hs256({ ...good, tenant: 'a\0b' }),
    'sub too long': await hs256({ ...good, sub: 'x'.repeat(129) }),
    'groups no list': await hs256({ ...good, groups: 'admin' }),
    'role no text': await hs256({ ...good, role: ['admin'] }),
    'unknown crit': await hs256(good, bytes, { crit: ['x'], x: 1 }).catch(() => 'a.b.c'),
    'cut short': (await hs256(good)).slice(0, -2),
    'no token': 'simon',
    'too long': `a.b.${'c'.repeat(9_000)}`,
  };
  for (const [what, token] of Object.entries(bad)) {
    await t.rejects(verify(token), { code: 401, data: { reason: 'invalid' } }, what);
  }
  await t.rejects(verify(await hs256({ ...good, exp: now - 1 })), {
    code: 401, data: { reason: 'expired' },
  });
  await t.rejects(verify(''), { code: 401, data: { reason: 'missing' } });
});

t.test('a public key is never taken for a secret (RFC 8725, 2.1)', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const pem = await exportSPKI(publicKey);
  const { verify, claims } = make({ publicKey: pem });
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  t.match(await verify(token), { user: 'simon' });
  await t.rejects(verify(await hs256(claims, Buffer.from(pem))), {
    code: 401, data: { reason: 'invalid' },
  });
});

t.test('API keys name their user, and nothing near them does', async (t) => {
  const { sync } = make({ apiKeys: [{ key: 'k-12345', user: 'billing', role: 'admin' }] });
  t.match(sync('k-12345'), { user: 'billing', role: 'admin', kind: 'apiKey', expiresAt: Infinity });
  t.throws(() => sync('k-12346'), { code: 401 });
  t.throws(() => make({ apiKeys: [{ key: '', user: 'a' }] }), RangeError);
});

t.test('development tokens are names, and only in development', async (t) => {
  const dev = make({ dev: true, secret });
  t.match(dev.sync('simon'), { user: 'simon', name: 'simon', role: 'user', kind: 'dev' });
  t.match(dev.sync('simon:admin'), { user: 'simon', role: 'admin' });
  t.match(await dev.verify(await hs256(dev.claims)), { kind: 'jwt' });
  await t.rejects(dev.verify(unsigned({ alg: 'none' }, dev.claims)), { code: 401 });
  t.throws(() => dev.sync('a\0b'), { code: 401 });
  t.throws(() => make({ secret }).sync('simon'), { code: 401 });
});

async function provider(t: Test) {
  const pairs = await Promise.all(['one', 'two'].map(async (kid) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    return { kid, privateKey, jwk: { ...await exportJWK(publicKey), kid, alg: 'ES256' } };
  }));
  const state = { requests: 0, up: true, keys: [pairs[0]?.jwk] };
  const server = createServer((_request, response) => {
    state.requests += 1;
    response.statusCode = state.up ? 200 : 503;
    response.end(JSON.stringify({ keys: state.keys }));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => { server.close(); });
  const { port } = server.address() as AddressInfo;
  const sign = (claims: JWTPayload, index: number, header: object = {}) => {
    const pair = pairs[index];
    if (pair === undefined) throw new Error('no such key');
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: pair.kid, ...header })
      .sign(pair.privateKey);
  };
  return { state, sign, jwks: `http://127.0.0.1:${port}/keys`, second: pairs[1]?.jwk };
}

t.test('published keys stay in use while their provider is down', async (t) => {
  const { state, sign, jwks } = await provider(t);
  const { verify, claims, clock } = make({ jwks });
  t.match(await verify(await sign(claims, 0)), { user: 'simon' });
  state.up = false;
  clock.advance(20 * 60_000);
  t.match(await verify(await sign({ ...claims, sub: 'fedir' }, 0)), { user: 'fedir' });
  const missing = make({ jwks });
  await t.rejects(missing.verify(await sign(missing.claims, 0)), {
    code: -32009, data: { reason: 'keys_unavailable' },
  });
});

t.test('a flood of unknown key ids costs the provider one request a cooldown', async (t) => {
  const { state, sign, jwks } = await provider(t);
  const { verify, claims, clock } = make({ jwks });
  await verify(await sign(claims, 0));
  t.equal(state.requests, 1);
  for (let index = 0; index < 50; index += 1) {
    const token = await sign(claims, 0, { kid: `unknown-${index}` });
    await t.rejects(verify(token), { code: 401, data: { reason: 'invalid' } });
  }
  t.equal(state.requests, 1);
  clock.advance(31_000);
  await t.rejects(verify(await sign(claims, 0, { kid: 'unknown' })), { code: 401 });
  t.equal(state.requests, 2);
});

t.test('a new key is found, and tokens of one that was withdrawn are forgotten', async (t) => {
  const { state, sign, jwks, second } = await provider(t);
  const { verify, sync, claims, clock } = make({ jwks });
  const old = await sign(claims, 0);
  await verify(old);
  state.keys = [second];
  clock.advance(31_000);
  t.match(await verify(await sign({ ...claims, sub: 'fedir' }, 1)), { user: 'fedir' });
  await t.rejects(async () => await sync(old), { code: 401 });
});

t.test('addresses of keys in a token are never followed', async (t) => {
  const mine = await provider(t);
  const theirs = await provider(t);
  const { verify, claims } = make({ jwks: mine.jwks });
  for (const header of [{ jku: theirs.jwks }, { x5u: theirs.jwks }, { jwk: theirs.second }]) {
    const token: string = await theirs.sign(claims, 1, { kid: 'one', ...header });
    const answer: Promise<Identity> = verify(token);
    await t.rejects(answer, { code: 401 });
  }
  t.equal(theirs.state.requests, 0);
});
