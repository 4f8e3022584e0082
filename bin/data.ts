import { SettingsError } from '../src/config.js';
import { parseFlags, type FlagSpec } from '../src/flags.js';
import { suggestion } from '../src/nearest.js';
import type { Verb } from './data/verb.js';

const help = `ringpost data — looks after the data of a server

  ringpost data verify [--data FOLDER] [--json]
  ringpost data export [--data FOLDER | --redis SHARDS] > FILE
  ringpost data import FILE [--data FOLDER | --redis SHARDS]
  ringpost data migrate --from FOLDER|SHARDS --to FOLDER|SHARDS [--dry-run]
  ringpost data import users.csv|users.jsonl --url URL --token TOKEN

  verify    rebuilds from the room logs what is kept beside them (members, read positions,
            room lists, feeds, unread) and compares. Reads only; run it on a stopped server,
            since what is written meanwhile may show as a difference. Exit code 0 where all
            is well, 1 where something differs.
  export    everything as JSON lines, by room and user (docs/data.md). The server is stopped
            meanwhile.
  import    of an export: takes it in, with every seq, epoch, cursor and key as it was; - for
            stdin. Interrupted, it may be run again: what is there already is left.
            Into shards that no server has written to yet.
            Of another file: takes users into a running server, as an admin: columns (or
            members) user, login, name, surname, patronymic, role, groups (a;b), active. Says
            what was created, updated, unchanged, and refused with its line. The same file
            again changes nothing; what stopped midway says from which line to go on. Exit
            code 1 where something was refused.
  migrate   copies everything from one store to another, from one node to a cluster or back, and
            compares both afterwards. No server runs on either. Interrupted, it may be run again.

      --data FOLDER     ./data by default, or RINGPOST_DATA
      --key-window S    how long keys are remembered, if servers are told another time than
                        an hour
      --url URL         of the server, http://127.0.0.1:8080/rpc by default
      --token TOKEN     of an admin, or RINGPOST_TOKEN
      --redis SHARDS    redis://HOST:PORT,… as servers are told
      --dry-run         only counts what would be copied
      --from LINE       begin at this line of the file of users
      --overwrite       role and active from the file also where an administrator changed them
                        here
      --json            the report of verify, or of users, as JSON`;

const verbs: Readonly<Record<string, () => Promise<{ run: Verb }>>> = {
  verify: () => import('./data/verify.js'),
  export: () => import('./data/export.js'),
  migrate: () => import('./data/migrate.js'),
  import: () => import('./data/take-in.js'),
};

const specs: readonly FlagSpec[] = [
  ...['data', 'redis', 'from', 'to', 'url', 'token']
    .map((flag): FlagSpec => ({ flag, kind: 'text' })),
  ...['json', 'overwrite', 'dry-run'].map((flag): FlagSpec => ({ flag, kind: 'boolean' })),
  { flag: 'key-window', kind: 'integer' },
  { flag: 'help', kind: 'boolean', short: 'h' },
];

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals: [name, ...positionals] } = parseFlags(argv, specs);
  if (values.has('help') || name === undefined) {
    console.log(help);
    return name === undefined && !values.has('help') ? 2 : 0;
  }
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (load === undefined) {
    throw new SettingsError(
      `unknown: data ${name}${suggestion(name, Object.keys(verbs))}; see ringpost data --help`);
  }
  const verb = await load();
  try {
    return await verb.run({ values, positionals });
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    console.error(`ringpost: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
