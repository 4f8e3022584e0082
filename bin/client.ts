import { SignJWT, type JWTPayload } from 'jose';
import { compact } from '../src/base/compact.js';
import { createClient, type Client } from '../src/client/index.js';
import { SettingsError } from '../src/config.js';
import { parseFlags, type FlagSpec } from '../src/flags.js';
import { createCommands, Known, type TokenOf } from './console/commands.js';
import { authorized, connected, errorLine, lineOf, note } from './console/format.js';
import { Console } from './console/repl.js';

const help = `ringpost client: a console to talk from

  ringpost client URL --user NAME [--role ROLE] [--token TOKEN] [--secret SECRET]

  --user NAME       who you are; signs in at once
  --role ROLE       for a server in --dev, or with --secret (user)
  --token TOKEN     a token that you were given
  --secret SECRET   the server's secret: signs tokens of its own (or RINGPOST_SECRET)

A conversation. Start a server, then each of two people in a terminal of their own:

  npm start -- --dev
  ringpost client http://127.0.0.1:8080/rpc --user Simon
  ringpost client http://127.0.0.1:8080/rpc --user Fedir

Simon writes, and Fedir sees both lines:

  createChat("First chat")
  join("First chat", "Fedir")       Member Fedir was added to room First chat
  write("First chat", "Hi Fedir")   Message from First chat ==> Hi Fedir

Simon asks who is there, and is told when Fedir leaves with .exit:

  online(["Fedir", "Petro"])        Online users: Fedir
  subs([], ["Fedir"])               User Fedir is offline now

It is Node's REPL: JavaScript works, and .help .exit .save .load .editor; Tab completes the names
of functions, rooms and users. help() lists the functions. Lines can be piped in too, each is
answered before the next is read. NO_COLOR, or a pipe, gives plain lines.
`;

/** How long a console that leaves waits for the server to have heard of it. */
const leaveWithinMs = 1_000;
/** Life of the tokens that the console signs for itself. */
const tokenLifeSeconds = 3_600;

const specs: readonly FlagSpec[] = [
  ...['user', 'role', 'token', 'secret'].map((flag): FlagSpec => ({ flag, kind: 'text' })),
  { flag: 'help', kind: 'boolean', short: 'h' },
];

interface Chosen {
  readonly url: string;
  readonly user: string | undefined;
  readonly tokenOf: TokenOf;
}

function choose(argv: readonly string[]): Chosen | 'help' {
  const { values, positionals } = parseFlags(argv, specs);
  if (values.has('help')) return 'help';
  const of = (flag: string): string | undefined => {
    const value = values.get(flag)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const [url, ...more] = positionals;
  if (url === undefined) {
    throw new SettingsError('which server? ringpost client URL --user NAME; see --help');
  }
  if (more.length > 0) throw new SettingsError(`one URL is enough; got ${more.join(' ')} too`);
  const secret = of('secret') ?? process.env['RINGPOST_SECRET'];
  return { url, user: of('user'), tokenOf: tokens(of('role'), of('token'), secret) };
}

/** Where tokens come from: given, signed here, or the names of a server in --dev. */
function tokens(
  role: string | undefined, token: string | undefined, secret: string | undefined,
): TokenOf {
  return (user) => async () => {
    if (token !== undefined) return token;
    if (secret === undefined) return role === undefined ? user : `${user}:${role}`;
    const now = Date.now() / 1_000;
    const claims: JWTPayload = compact({
      sub: user, name: user, role, iat: now, exp: Math.ceil(now + tokenLifeSeconds),
      iss: process.env['RINGPOST_ISSUER'], aud: process.env['RINGPOST_AUDIENCE'],
    });
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(new TextEncoder().encode(secret));
  };
}

function connect(url: string): Client {
  try {
    return createClient({ url });
  } catch (cause) {
    throw new SettingsError(`${url} is no server's URL, such as http://127.0.0.1:8080/rpc`,
      { cause });
  }
}

/** Prints what happens, as it happens. */
function report(client: Client, desk: Console, known: Known): void {
  client.on('state', ({ state }) => {
    if (state !== 'online' || client.session === undefined) return;
    desk.say(connected);
    desk.say(authorized(client.session.user));
  });
  client.on('event', ({ method, params }) => {
    known.note(params);
    const line = lineOf(client.session?.user ?? '', method, params);
    if (line !== undefined) desk.say(line);
  });
  client.on('reset', () => {
    desk.say(note('More happened than is kept; rooms() and history(ROOM) show where things are'));
  });
  client.on('error', (error) => {
    desk.say(errorLine(error));
    if (error.reason === 'unreachable') desk.say(note('Trying on until it is there; .exit ends'));
  });
}

/** Talks until `.exit` or the end of input; resolves to the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const chosen = choose(argv);
  if (chosen === 'help') {
    console.log(help);
    return 0;
  }
  const { url, user, tokenOf } = chosen;
  const desk = new Console();
  const known = new Known();
  const connection = connect(url);
  report(connection, desk, known);
  const commands = createCommands(
    { client: connection, tokenOf, user, say: (line) => desk.say(line) }, known,
  );
  // Not waited for: a server that is away leaves the prompt, to try another name or leave.
  if (user !== undefined) void commands.auth();
  else desk.say(note('Who are you? auth("NAME")'));
  await desk.run(commands, known);
  // So that the others see this user leave at once, and not after the grace of a lost connection.
  const late = new Promise<void>((resolve) => setTimeout(resolve, leaveWithinMs).unref());
  await Promise.race([connection.logout().catch(() => undefined), late]);
  connection.close();
  return 0;
}
