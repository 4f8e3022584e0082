// Writes docs/PROTOCOL.md from what a running server says of itself (`rpc.discover`), so that the
// page and the server can't differ.
//   node tools/protocol.mjs           writes it
//   node tools/protocol.mjs --check   fails where the page is out of date
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LimitsSchema } from '../dist/src/base/limits.js';
import { createServer } from '../dist/src/index.js';
import { afterClose, closeCode } from '../dist/src/rpc/close.js';

const page = fileURLToPath(new URL('../docs/PROTOCOL.md', import.meta.url));

async function discover() {
  const server = createServer({ data: false, dev: true });
  await server.listen(0);
  try {
    const response = await fetch(server.url, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}',
    });
    return (await response.json()).result;
  } finally {
    await server.close();
  }
}

const cell = (text) => String(text ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head, rows) => [
  `| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`), '',
].join('\n');

/** A schema in a few characters: names of members with their types, `?` where they may be absent. */
function type(schema, depth = 0) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => type(one, depth)).join(' or ');
  if (schema.type === 'array') return `[${type(schema.items ?? {}, depth + 1)}]`;
  if (schema.type !== 'object') return schema.type ?? 'any';
  const names = Object.entries(schema.properties ?? {});
  if (schema.patternProperties !== undefined) {
    return `{name: ${type(Object.values(schema.patternProperties)[0], depth + 1)}}`;
  }
  if (names.length > 20) return '{…}';
  const required = new Set(schema.required ?? []);
  return `{${names.map(([name, inner]) =>
    `${name}${required.has(name) ? '' : '?'}: ${type(inner, depth + 1)}`).join(', ')}}`;
}

const paramRows = (params) => params.map(({ name, required, schema, description }) =>
  [`\`${name}\`${required ? '' : ' ?'}`, `\`${type(schema)}\``, description]);

/** Objects with as many members as the limits are named, not shown. */
const shown = (value) => JSON.stringify(value, (_key, inner) =>
  inner !== null && typeof inner === 'object' && Object.keys(inner).length > 20 ? {} : inner);

function method({ name, summary, params, result, errors, examples, 'x-access': access }) {
  const own = errors.flatMap(({ code, data }) =>
    (data?.reasons ?? []).map(({ reason, when }) => [code, `\`${reason}\``, when]));
  const [example] = examples;
  const given = Object.fromEntries(example.params.map((one) => [one.name, one.value]));
  return [
    `### ${name}`, '', `${summary}${access === 'none' ? ' Needs no identity.' : ''}`
      + `${access === 'admin' ? ' For admins.' : ''}`, '',
    ...params.length > 0 ? [table(['param', 'type', 'meaning'], paramRows(params))] : [],
    `Result: \`${type(result.schema)}\``, '',
    ...own.length > 0 ? [table(['code', 'reason', 'when'], own)] : [],
    '```json', `--> {"jsonrpc":"2.0","id":1,"method":"${name}","params":${shown(given)}}`,
    `<-- {"jsonrpc":"2.0","id":1,"result":${shown(example.result.value)}}`, '```', '',
  ].join('\n');
}

const event = ({ name, summary, params }) => [
  `### ${name}`, '', summary, '', table(['param', 'type', 'meaning'], paramRows(params)),
].join('\n');

const closes = () => Object.entries(closeCode).map(([name, code]) => [code, name, {
  reconnect: 'come back with full-jitter back-off, and resume', stop: 'do not come back',
  authenticate: 'come back with a fresh token',
}[afterClose(code)]]);

export async function render() {
  const document = await discover();
  const errors = Object.values(document.components.errors).map(({ code, message }) =>
    [code, message]);
  return [
    '# The protocol of ringpost', '',
    'JSON-RPC 2.0 on one URL: HTTP POST, WebSocket, and server-sent events (a GET that accepts',
    '`text/event-stream`). This page is made from `rpc.discover` by `node tools/protocol.mjs`;',
    '`?` marks what may be absent. Every method takes its params by name, or by position in the',
    'order of its table. Whatever changes something takes a `key`: the same key again is the same',
    'call.', '',
    '## Methods', '', ...document.methods.map(method),
    '## Events', '',
    'Notifications whose method is the event\'s name. The `cursor` of one is where the feed goes',
    'on after it.', '', ...document['x-events'].map(event),
    '## Errors', '',
    '`data.reason` tells the cases of one code apart; `data.limit` names a limit;',
    '`data.retryAfterMs` stands where trying again is worth it.', '',
    table(['code', 'message'], errors),
    '## Close codes', '', table(['code', 'name', 'what a client does'], closes()),
    '## Limits', '',
    'Answered by `session.authenticate` and `server.info`; each is set with',
    '`--limit NAME=VALUE`, 0 for none.', '',
    table(['limit', 'default', 'bounds'], Object.entries(LimitsSchema.properties)
      .map(([name, schema]) => [`\`${name}\``, schema.default, schema.description])),
  ].join('\n').trimEnd() + '\n';
}

const text = await render();
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/PROTOCOL.md is out of date: run  node tools/protocol.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, text);
}
