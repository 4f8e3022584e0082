import { SettingsError } from './config.js';
import { suggestion } from './nearest.js';

/** What the parser must know of a flag: how its value is written. */
export type FlagKind = 'text' | 'integer' | 'boolean' | 'list' | 'pairs';

export interface FlagSpec {
  /** Without dashes, in kebab-case. */
  readonly flag: string;
  readonly kind: FlagKind;
  readonly short?: string;
}

/** A value as it was written, with its place for errors. */
export interface Written {
  readonly value: unknown;
  /** `--port`, `RINGPOST_PORT`, `port in FILE`. */
  readonly from: string;
}

/** `publicUrl` → `public-url`. */
export const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const words: Readonly<Record<string, boolean>> = {
  true: true, on: true, yes: true, 1: true, false: false, off: false, no: false, 0: false,
};

/** Commas inside of one URL (several sentinels) belong to it. */
function split(written: string): string[] {
  const between = written.includes('://') ? /,(?=[^,]*:\/\/)/ : /,/;
  return written.split(between).map((item) => item.trim()).filter((item) => item !== '');
}

/**
 * A value from the text of a flag or variable.
 * @throws SettingsError where the text can't be one of this kind
 */
export function fromText(kind: FlagKind, written: string, from: string): unknown {
  switch (kind) {
    case 'text':
      return written;
    case 'list':
      return split(written);
    case 'integer': {
      if (/^-?\d{1,15}$/.test(written)) return Number(written);
      throw new SettingsError(`${from} must be a whole number; got ${written}`);
    }
    case 'boolean': {
      const value = words[written.toLowerCase()];
      if (value !== undefined) return value;
      throw new SettingsError(`${from} must be true or false; got ${written}`);
    }
    case 'pairs':
      return Object.fromEntries(split(written).map((pair) => {
        const [, name, value] = /^([^=]+)=(\d{1,15})$/.exec(pair) ?? [];
        if (name === undefined) {
          throw new SettingsError(`${from} must be NAME=VALUE with a whole number; got ${pair}`);
        }
        return [name, Number(value)];
      }));
  }
}

function merged(kind: FlagKind, before: unknown, value: unknown): unknown {
  if (kind === 'list' && Array.isArray(before) && Array.isArray(value)) {
    return [...new Array<unknown>(), ...before, ...value];
  }
  if (kind === 'pairs') return { ...Object(before), ...Object(value) };
  return value;
}

export interface ParsedFlags {
  /** By flag, without dashes. */
  readonly values: ReadonlyMap<string, Written>;
  readonly positionals: readonly string[];
}

/**
 * Reads a command line: `--name value`, `--name=value`, `--switch`, `--no-switch`, `-p 80`.
 * @throws SettingsError for an unknown flag, with the nearest one, and for a missing value
 */
export function parseFlags(argv: readonly string[], specs: readonly FlagSpec[]): ParsedFlags {
  const byFlag = new Map(specs.map((spec) => [spec.flag, spec]));
  const byShort = new Map(specs.flatMap((spec) =>
    spec.short === undefined ? [] : [[spec.short, spec]]));
  const values = new Map<string, Written>();
  const positionals: string[] = [];
  const take = (spec: FlagSpec, written: string, from: string): void => {
    const value = fromText(spec.kind, written, from);
    const before = values.get(spec.flag)?.value;
    values.set(spec.flag, { value: merged(spec.kind, before, value), from });
  };
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (arg === '--') {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      positionals.push(arg);
      continue;
    }
    const [name = '', ...rest] = arg.split('=');
    const inline = rest.length === 0 ? undefined : rest.join('=');
    const bare = name.replace(/^--?/, '');
    const spec = name.startsWith('--') ? byFlag.get(bare) : byShort.get(bare);
    if (spec === undefined) {
      const negated = bare.startsWith('no-') ? byFlag.get(bare.slice(3)) : undefined;
      if (negated?.kind !== 'boolean' || inline !== undefined) throw unknownFlag(name, byFlag);
      take(negated, 'false', name);
    } else if (inline !== undefined) {
      take(spec, inline, name);
    } else if (spec.kind === 'boolean') {
      take(spec, 'true', name);
    } else {
      const value = argv[++i];
      if (value === undefined || (value.startsWith('--') && byFlag.has(value.slice(2)))) {
        throw new SettingsError(`${name} needs a value: ${name} VALUE`);
      }
      take(spec, value, name);
    }
  }
  return { values, positionals };
}

function unknownFlag(name: string, known: ReadonlyMap<string, FlagSpec>): SettingsError {
  const flags = [...known.keys()].map((flag) => `--${flag}`);
  return new SettingsError(`unknown flag ${name}${suggestion(name, flags)}; see --help`);
}
