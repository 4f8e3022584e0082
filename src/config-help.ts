import type { TSchema } from 'typebox';
import { LimitsSchema } from './base/limits.js';
import { settingSpecs, type SettingSpec } from './config-load.js';

const columns = 96;

/** Breaks a text into lines, the later ones under the first. */
function wrap(label: string, words: string, indent: number): string {
  const lines: string[] = [];
  let line = label.length >= indent - 1 ? `${label}\n${' '.repeat(indent)}` : label.padEnd(indent);
  for (const word of words.split(' ')) {
    const last = line.slice(line.lastIndexOf('\n') + 1);
    if (last.length + word.length + 1 > columns && last.trim() !== '') {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += line.endsWith(' ') || line === '' ? word : ` ${word}`;
  }
  return [...lines, line.trimEnd()].join('\n');
}

const shownDefault = (schema: TSchema): string => {
  const value: unknown = Reflect.get(schema, 'default');
  if (typeof value === 'number' || typeof value === 'string') return ` [${value}]`;
  return value === true ? ' [on]' : '';
};

function row(spec: SettingSpec): string {
  const values: unknown = Reflect.get(spec.schema, 'enum');
  const value = Array.isArray(values) ? values.join('|') : spec.value ?? '';
  const standard: unknown = Reflect.get(spec.schema, 'default');
  const flag = `--${spec.kind === 'boolean' && standard === true ? 'no-' : ''}${spec.flag}`;
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  const words = spec.kind === 'boolean' && standard === true
    ? `without ${spec.description}` : `${spec.description}${shownDefault(spec.schema)}`;
  return wrap(`  ${short}${flag}${value === '' ? '' : ` ${value}`}`, words, 34);
}

const describe = (schema: TSchema): string => {
  const words: unknown = Reflect.get(schema, 'description');
  return typeof words === 'string' ? words : '';
};

/** `ringpost serve --help`: every setting of the schema, with what one does with it. */
export function settingsHelp(): string {
  const groups = [...new Set(settingSpecs.map((spec) => spec.group))];
  const tables = groups.map((group) => [
    `${group}:`, ...settingSpecs.filter((spec) => spec.group === group).map(row),
  ].join('\n'));
  return [
    'ringpost serve — runs a server, and prints its URL when it takes calls',
    [
      'Try it out on this machine (any name is a token):',
      '  ringpost serve --dev',
      '  curl -s http://127.0.0.1:8080/rpc -H "authorization: Bearer Simon" \\',
      '    -H "content-type: application/json" \\',
      '    -d \'{"jsonrpc":"2.0","id":1,"method":"room.create","params":{"title":"First chat"}}\'',
      '  ringpost client http://127.0.0.1:8080/rpc --user Fedir',
      'Serve others, with tokens signed by a secret of yours:',
      '  export RINGPOST_SECRET=$(openssl rand -hex 32)',
      '  ringpost serve --host 0.0.0.0 --origins https://shop.example --production',
      '  ringpost token --user Simon --ttl 1h',
      'More than one node, over two shards:',
      '  ringpost serve --redis one=redis://10.0.0.1,two=redis://10.0.0.2 --node n1',
    ].join('\n'),
    ...tables,
    [
      'Every setting is also an environment variable (--public-url is RINGPOST_PUBLIC_URL) and a',
      'name in the JSON file of --config FILE ("publicUrl"; "limits" is an object). Flags win over',
      'variables, variables over the file. SIGTERM drains and ends; a second one ends at once.',
    ].join('\n'),
  ].join('\n\n');
}

/** `ringpost serve --help limits`: every bound with its default and meaning. */
export function limitsHelp(): string {
  const rows = Object.entries(LimitsSchema.properties).map(([name, schema]) =>
    wrap(`  ${name}=${schema.default}`, describe(schema), 34));
  return [
    'Bounds of the server, each with its default; 0 is none. Change one with --limit NAME=VALUE.',
    ...rows,
  ].join('\n');
}
