import { SettingsError } from '../src/config.js';
import { parseFlags, type FlagSpec, type Written } from '../src/flags.js';
import { suggestion } from '../src/nearest.js';
import { verify } from '../src/store/embedded/verify.js';

const help = `ringpost data — looks after the data of a server

  ringpost data verify [--data FOLDER]
  ringpost data import users.csv|users.jsonl --url URL --token TOKEN

  verify    rebuilds from the room logs what is kept beside them (members, read positions,
            room lists, feeds, unread) and compares. Reads only; run it on a stopped server,
            since what is written meanwhile may show as a difference. Exit code 0 where all
            is well, 1 where something differs.
  import    takes users from a file into a running server, as an admin: columns (or members)
            user, login, name, surname, patronymic, role, groups (a;b), active. Says what was
            created, updated, unchanged, and refused with its line. The same file again changes
            nothing; what stopped midway says from which line to go on. Exit code 1 where
            something was refused.

      --data FOLDER   ./data by default, or RINGPOST_DATA
      --url URL       of the server, http://127.0.0.1:8080/rpc by default
      --token TOKEN   of an admin, or RINGPOST_TOKEN
      --from LINE     begin at this line of the file
      --overwrite     role and active from the file also where an administrator changed them here
      --json          the whole report as JSON`;

type Flags = ReadonlyMap<string, Written>;

/** One verb; resolves to the exit code. */
type Verb = (flags: Flags, file: string | undefined) => Promise<number>;

const textOf = (flags: Flags, name: string, variable: string): string | undefined => {
  const value = flags.get(name)?.value ?? process.env[variable];
  return typeof value === 'string' ? value : undefined;
};
const isSet = (flags: Flags, name: string): boolean => flags.get(name)?.value === true;

const verbs: Readonly<Record<string, Verb>> = {
  async import(flags, file) {
    if (file === undefined) throw new SettingsError('data import needs a file');
    const token = textOf(flags, 'token', 'RINGPOST_TOKEN');
    if (token === undefined) throw new SettingsError('data import needs --token of an admin');
    const from = flags.get('from')?.value;
    const { importUsers } = await import('./data/import.js');
    return importUsers({
      file, token, from: typeof from === 'number' ? from : 1,
      url: textOf(flags, 'url', 'RINGPOST_URL') ?? 'http://127.0.0.1:8080/rpc',
      overwrite: isSet(flags, 'overwrite'), json: isSet(flags, 'json'),
    });
  },
  async verify(flags) {
    const report = await verify(textOf(flags, 'data', 'RINGPOST_DATA') ?? './data');
    const { rooms, entries, feeds, feedEntries, differences } = report;
    if (isSet(flags, 'json')) console.log(JSON.stringify(report));
    else {
      for (const { where, what } of differences) console.log(`${where}: ${what}`);
      console.log(`${rooms} rooms with ${entries} entries, ${feeds} feeds with ${feedEntries} `
        + `entries: ${differences.length === 0 ? 'all is well'
          : `${differences.length} differences`}`);
    }
    return differences.length === 0 ? 0 : 1;
  },
};

const specs: readonly FlagSpec[] = [
  ...['data', 'url', 'token'].map((flag): FlagSpec => ({ flag, kind: 'text' })),
  ...['json', 'overwrite'].map((flag): FlagSpec => ({ flag, kind: 'boolean' })),
  { flag: 'from', kind: 'integer' },
  { flag: 'help', kind: 'boolean', short: 'h' },
];

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, specs);
  const [name, file, more] = positionals;
  if (values.has('help') || name === undefined) {
    console.log(help);
    return name === undefined && !values.has('help') ? 2 : 0;
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  const extra = name === 'import' ? more : file;
  if (verb === undefined || extra !== undefined) {
    throw new SettingsError(verb === undefined
      ? `unknown: data ${name}${suggestion(name, Object.keys(verbs))}; see ringpost data --help`
      : `${extra} is no flag; see ringpost data --help`);
  }
  try {
    return await verb(values, file);
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    console.error(`ringpost: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
