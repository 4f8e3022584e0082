import { limitsWith } from '../../src/base/limits.js';
import { SettingsError } from '../../src/config.js';
import type { Written } from '../../src/flags.js';

/** What a verb was called with. */
export interface Arguments {
  readonly values: ReadonlyMap<string, Written>;
  readonly positionals: readonly string[];
}

/** One verb of `ringpost data`; resolves to the exit code. */
export type Verb = (given: Arguments) => Promise<number>;

export const textFlag = ({ values }: Arguments, flag: string): string | undefined => {
  const value = values.get(flag)?.value;
  return value === undefined ? undefined : String(value);
};

export const isOn = ({ values }: Arguments, flag: string): boolean =>
  values.get(flag)?.value === true;

/** The data folder that is meant. */
export const folderOf = (given: Arguments): string =>
  textFlag(given, 'data') ?? process.env['RINGPOST_DATA'] ?? './data';

/** A data folder, or the shards of `--redis`. */
export const placeOf = (given: Arguments): string => textFlag(given, 'redis') ?? folderOf(given);

/** A flag that must be given. @throws SettingsError */
export function neededFlag(given: Arguments, flag: string): string {
  const value = textFlag(given, flag);
  if (value !== undefined) return value;
  throw new SettingsError(`--${flag} is missing; see ringpost data --help`);
}

/** @throws SettingsError where there are more words than the verb takes */
export function words(given: Arguments, most: number): readonly string[] {
  const tooMany = given.positionals[most];
  if (tooMany !== undefined) {
    throw new SettingsError(`${tooMany} is no flag; see ringpost data --help`);
  }
  return given.positionals;
}

/** How long keys are remembered, in ms: what servers of these data are told. */
export function keyWindowOf(given: Arguments): number {
  const seconds = given.values.get('key-window')?.value;
  return typeof seconds === 'number' ? seconds * 1_000 : limitsWith({}).keyWindowMs;
}
