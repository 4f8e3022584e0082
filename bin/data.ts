import { SettingsError } from '../src/config.js';
import { parseFlags } from '../src/flags.js';
import { suggestion } from '../src/nearest.js';
import { verify } from '../src/store/embedded/verify.js';

const help = `ringpost data — looks after the data of the embedded store

  ringpost data verify [--data FOLDER]

  verify    rebuilds from the room logs what is kept beside them (members, read positions,
            room lists, feeds, unread) and compares. Reads only; run it on a stopped server,
            since what is written meanwhile may show as a difference. Exit code 0 where all
            is well, 1 where something differs.

      --data FOLDER   ./data by default, or RINGPOST_DATA
      --json          the whole report as JSON`;

/** One verb; resolves to the exit code. */
type Verb = (folder: string, json: boolean) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = {
  async verify(folder, json) {
    const report = await verify(folder);
    const { rooms, entries, feeds, feedEntries, differences } = report;
    if (json) console.log(JSON.stringify(report));
    else {
      for (const { where, what } of differences) console.log(`${where}: ${what}`);
      console.log(`${rooms} rooms with ${entries} entries, ${feeds} feeds with ${feedEntries} `
        + `entries: ${differences.length === 0 ? 'all is well'
          : `${differences.length} differences`}`);
    }
    return differences.length === 0 ? 0 : 1;
  },
};

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, [
    { flag: 'data', kind: 'text' }, { flag: 'json', kind: 'boolean' },
    { flag: 'help', kind: 'boolean', short: 'h' },
  ]);
  const [name, more] = positionals;
  if (values.has('help') || name === undefined) {
    console.log(help);
    return name === undefined && !values.has('help') ? 2 : 0;
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined || more !== undefined) {
    throw new SettingsError(verb === undefined
      ? `unknown: data ${name}${suggestion(name, Object.keys(verbs))}; see ringpost data --help`
      : `${more} is no flag; see ringpost data --help`);
  }
  const folder = values.get('data')?.value ?? process.env['RINGPOST_DATA'] ?? './data';
  try {
    return await verb(String(folder), values.get('json')?.value === true);
  } catch (error) {
    console.error(`ringpost: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
