import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TransferRecord } from './transfer.js';

/** The first line of an export: what it is, so that nothing else is taken for one. */
export const firstLine = '{"ringpost":"export","version":1}';

/** The last line: an export that was cut short has none. */
export const lastLine = '{"ringpost":"end"}';

const whole = Type.Integer({ minimum: 0 });
const text = Type.String();
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

const history = Type.Object({ maxMessages: optional(whole), maxAgeMs: optional(whole) });
const roomKind = Type.Union([
  Type.Literal('group'), Type.Literal('channel'), Type.Literal('direct'),
]);
const base = { seq: whole, at: whole, by: text, count: whole, key: optional(text) };

const entry = Type.Union([
  Type.Object({
    ...base, kind: Type.Literal('message'), text: optional(text), body: optional(Type.Unknown()),
    replyTo: optional(whole), editedAt: optional(whole), deleted: optional(Type.Literal(true)),
  }),
  Type.Object({
    ...base, kind: Type.Literal('create'), room: roomKind, title: optional(text),
    members: Type.Array(text), history: optional(history),
  }),
  Type.Object({ ...base, kind: Type.Literal('edit'), target: whole, text: optional(text) }),
  Type.Object({ ...base, kind: Type.Literal('delete'), target: whole }),
  Type.Object({ ...base, kind: Type.Literal('add'), user: text }),
  Type.Object({ ...base, kind: Type.Literal('remove'), user: text }),
  Type.Object({ ...base, kind: Type.Literal('title'), title: optional(text) }),
  Type.Object({ ...base, kind: Type.Literal('large') }),
  Type.Object({ ...base, kind: Type.Literal('purge') }),
]);

const head = Type.Object({
  room: text, kind: roomKind, title: optional(text), owner: text, createdAt: whole,
  history: optional(history), members: whole, large: Type.Boolean(), purged: Type.Boolean(),
  epoch: text, seq: whole, first: whole, count: whole, version: whole, reads: whole,
  lastAt: whole,
});

const profile = Type.Object({
  user: text, login: optional(text), name: optional(text), surname: optional(text),
  patronymic: optional(text), role: optional(text), groups: Type.Array(text),
  setHere: optional(Type.Array(text)),
  active: Type.Boolean(), blocked: Type.Boolean(), revokedBefore: whole, lastSeen: whole,
  version: whole,
});

const feedKind = Type.Union([
  Type.Literal('create'), Type.Literal('message'), Type.Literal('edit'), Type.Literal('delete'),
  Type.Literal('add'), Type.Literal('remove'), Type.Literal('title'), Type.Literal('large'),
  Type.Literal('purge'), Type.Literal('read'), Type.Literal('user'),
]);
const member = Type.Object({ user: text, since: whole, at: whole });

const schema = Type.Union([
  Type.Object({
    type: Type.Literal('entry'), entry, chain: optional(whole), digest: optional(text),
  }),
  Type.Object({
    type: Type.Literal('feedEntry'),
    entry: Type.Object({
      n: whole, room: text, epoch: text, seq: whole, kind: feedKind, at: whole, by: text,
      event: optional(Type.Object({ method: text, params: text })),
    }),
  }),
  Type.Object({ type: Type.Literal('member'), member }),
  Type.Object({ type: Type.Literal('ended'), member, until: whole }),
  Type.Object({
    type: Type.Literal('position'),
    position: Type.Object({ user: text, seq: whole, count: whole, version: whole, at: whole }),
  }),
  Type.Object({
    type: Type.Literal('row'),
    row: Type.Object({
      room: text, epoch: text, since: whole, seq: whole, lastAt: whole, lastMessage: whole,
      count: whole, read: whole, reads: whole, large: Type.Boolean(), ended: Type.Boolean(),
    }),
  }),
  Type.Object({
    type: Type.Literal('room'), tenant: text, head,
    forwarded: Type.Object({ seq: whole, reads: whole }),
  }),
  Type.Object({
    type: Type.Literal('user'), tenant: text, user: text, profile: optional(profile),
    feed: optional(Type.Object({ epoch: text, n: whole, floor: whole })),
  }),
  Type.Object({ type: Type.Literal('tableRow'), table: text, key: text, value: text }),
  Type.Object({ type: Type.Literal('token'), tenant: text, tokenId: text, until: whole }),
]);
const checker = Compile(schema);

/** Members in the order of their names, so that the same data is the same text. */
function ordered(value: object): object {
  return Object.fromEntries(Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]: [string, unknown]) => {
      const plain = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
      // What a client sent as body keeps its own order.
      return [name, plain && name !== 'body' ? ordered(inner) : inner];
    }));
}

/** One record as its line, without the line's end. */
export function lineOf(record: TransferRecord): string {
  const { type, ...rest } = record;
  return JSON.stringify({ type, ...ordered(rest) });
}

/**
 * The inverse of {@link lineOf}.
 * @param number of the line, for the error
 * @throws Error that says which line is no record
 */
export function parseLine(line: string, number: number): TransferRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error(`line ${number} is not JSON`, { cause });
  }
  if (!checker.Check(value)) throw new Error(`line ${number} is no record of an export`);
  const record: Static<typeof schema> = value;
  return record;
}

/**
 * The records of an export's lines.
 * @throws Error as {@link parseLine}, where it is no export, or where its end is missing
 */
export async function* parseLines(lines: AsyncIterable<string>): AsyncGenerator<TransferRecord> {
  let number = 0;
  let ended = false;
  for await (const line of lines) {
    number += 1;
    if (number === 1) {
      if (line !== firstLine) throw new Error(`the file does not begin with ${firstLine}`);
    } else if (ended && line !== '') {
      throw new Error(`line ${number} stands behind the end`);
    } else if (line === lastLine) {
      ended = true;
    } else if (line !== '') {
      yield parseLine(line, number);
    }
  }
  if (!ended) throw new Error('the export is not whole: its last line is missing');
}
