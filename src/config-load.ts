import { readFileSync } from 'node:fs';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { defaultLimits } from './base/limits.js';
import { checkSettings, SettingsError, SettingsSchema, type Settings } from './config.js';
import {
  fromText, kebab, parseFlags, type FlagKind, type FlagSpec, type Written,
} from './flags.js';
import { suggestion } from './nearest.js';

/** One setting as flags, variables and help need it. */
export interface SettingSpec extends FlagSpec {
  readonly name: string;
  readonly env: string;
  readonly schema: TSchema;
  readonly group: string;
  readonly description: string;
  readonly value?: string;
}

const stringOf = (schema: TSchema, key: string): string | undefined => {
  const value: unknown = Reflect.get(schema, key);
  return typeof value === 'string' ? value : undefined;
};

function kindOf(schema: TSchema): FlagKind {
  switch (stringOf(schema, 'type')) {
    case 'integer': return 'integer';
    case 'boolean': return 'boolean';
    case 'array': return 'list';
    case 'object': return 'pairs';
    default: return 'text';
  }
}

/** Every setting, in the order of the schema. */
export const settingSpecs: readonly SettingSpec[] =
  Object.entries<TSchema>(SettingsSchema.properties).map(([name, schema]) => {
    const flag = stringOf(schema, 'flag') ?? kebab(name);
    const [value, short] = [stringOf(schema, 'value'), stringOf(schema, 'short')];
    return {
      name, schema, flag, kind: kindOf(schema),
      env: `RINGPOST_${kebab(name).replaceAll('-', '_').toUpperCase()}`,
      group: stringOf(schema, 'group') ?? '',
      description: stringOf(schema, 'description') ?? '',
      ...(value !== undefined && { value }),
      ...(short !== undefined && { short }),
    };
  });

/** Where settings come from beside their defaults. */
export interface Sources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the file of `--config`. */
  readonly readFile?: (path: string) => string;
}

/** Variables that begin like settings and are none. */
const otherVariables = new Set(['RINGPOST_CONFIG']);

function fromFile(path: string, readFile: (path: string) => string): Map<string, Written> {
  let content: unknown;
  try {
    content = JSON.parse(readFile(path));
  } catch (error) {
    throw new SettingsError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new SettingsError(`${path} must hold one JSON object of settings`);
  }
  const names = settingSpecs.map((spec) => spec.name);
  return new Map(Object.entries(content).map(([name, value]) => {
    if (!names.includes(name)) {
      throw new SettingsError(`unknown setting ${name} in ${path}${suggestion(name, names)}`);
    }
    return [name, { value, from: `${name} in ${path}` }];
  }));
}

function fromEnvironment(env: Sources['env']): Map<string, Written> {
  const byEnv = new Map(settingSpecs.map((spec) => [spec.env, spec]));
  const found = new Map<string, Written>();
  for (const [variable, written] of Object.entries(env)) {
    if (!variable.startsWith('RINGPOST_') || otherVariables.has(variable)) continue;
    if (written === undefined || written === '') continue;
    const spec = byEnv.get(variable);
    if (spec === undefined) {
      throw new SettingsError(
        `unknown environment variable ${variable}${suggestion(variable, byEnv.keys())}`);
    }
    found.set(spec.name, { value: fromText(spec.kind, written, variable), from: variable });
  }
  return found;
}

const checks = new Map(settingSpecs.map((spec) => [spec.name, Compile(spec.schema)]));
const checkAll = Compile(SettingsSchema);

function checkOne(spec: SettingSpec, { value, from }: Written): void {
  if (spec.name === 'limits') checkLimitNames(value, from);
  const check = checks.get(spec.name);
  if (check === undefined || check.Check(value)) return;
  const allowed: unknown = Reflect.get(spec.schema, 'enum');
  const why = Array.isArray(allowed)
    ? `must be one of ${allowed.join(', ')}` : check.Errors(value)[0]?.message ?? 'is wrong';
  throw new SettingsError(`${from} ${why}; got ${JSON.stringify(value)}`);
}

function checkLimitNames(value: unknown, from: string): void {
  for (const name of Object.keys(Object(value))) {
    if (Object.hasOwn(defaultLimits, name)) continue;
    throw new SettingsError(`${from}: no limit is called ${name}`
      + `${suggestion(name, Object.keys(defaultLimits))}; see ringpost serve --help limits`);
  }
}

/**
 * The settings in force: flags over environment over file over defaults; limits are merged name
 * by name.
 * @throws SettingsError for anything unknown or wrong, in words for the operator
 */
export function loadSettings(sources: Sources): Settings {
  const settings = readSettings(sources);
  checkSettings(settings);
  return settings;
}

/** {@link loadSettings} without the rules between settings: for commands that need only some. */
export function readSettings(sources: Sources): Settings {
  const { argv, env, readFile = (path) => readFileSync(path, 'utf8') } = sources;
  const { values: flags, positionals } = parseFlags(argv, [
    ...settingSpecs, { flag: 'config', kind: 'text', short: 'c' },
  ]);
  if (positionals[0] !== undefined) {
    throw new SettingsError(`${positionals[0]} is no flag; see --help`);
  }
  const path = flags.get('config')?.value ?? env['RINGPOST_CONFIG'];
  const file = typeof path === 'string' && path !== '' ? fromFile(path, readFile) : new Map();
  const variables = fromEnvironment(env);
  const settings: Record<string, unknown> = {};
  for (const spec of settingSpecs) {
    const written = [file.get(spec.name), variables.get(spec.name), flags.get(spec.flag)]
      .filter((one) => one !== undefined);
    for (const one of written) checkOne(spec, one);
    const last = written.at(-1)?.value;
    const standard: unknown = Reflect.get(spec.schema, 'default');
    const value = spec.kind === 'pairs'
      ? Object.assign({}, ...written.map((one) => one.value)) : last ?? standard;
    if (value !== undefined) settings[spec.name] = value;
  }
  if (checkAll.Check(settings)) return settings;
  throw new SettingsError('the settings contradict their schema');
}
