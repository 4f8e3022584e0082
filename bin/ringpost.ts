#!/usr/bin/env node
import { SettingsError } from '../src/config.js';
import { suggestion } from '../src/nearest.js';
import { packageInfo } from '../src/version.js';

/** One subcommand: its file exports `run`, which resolves to the exit code. */
interface Command {
  readonly summary: string;
  readonly load: () => Promise<{ run: (argv: readonly string[]) => Promise<number> }>;
}

const commands: Readonly<Record<string, Command>> = {
  serve: { summary: 'run a server', load: () => import('./serve.js') },
  client: { summary: 'a console to talk to a server', load: () => import('./client.js') },
  token: { summary: 'make a token for a user', load: () => import('./token.js') },
  cluster: {
    summary: 'start several nodes and shards on this machine', load: () => import('./cluster.js'),
  },
  data: { summary: 'look after the data of a server', load: () => import('./data.js') },
};

const usage = [
  'ringpost — JSON-RPC 2.0 realtime messaging on one URL',
  '',
  'Usage: ringpost COMMAND [FLAGS]',
  '',
  ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`),
  '',
  'ringpost COMMAND --help explains a command. The shortest way to a running server:',
  '  ringpost serve --dev',
].join('\n');

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = rest[0];
    if (asked !== undefined && commands[asked] !== undefined) return main([asked, '--help']);
    console.log(usage);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    console.log(packageInfo.version);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(`ringpost: unknown command ${name}${suggestion(name, Object.keys(commands))}; `
      + 'see ringpost --help');
    return 2;
  }
  return (await command.load()).run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What the operator got wrong is one line; what we got wrong is a stack.
  if (error instanceof SettingsError) console.error(`ringpost: ${error.message}`);
  else console.error(error);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
