import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import Type from 'typebox';
import { RpcError, Registry, defineMethod, type Method } from '../../src/rpc/index.js';

/**
 * Transcripts: text files of what is sent (`-->`) and what must come back (`<--`), in order.
 * A line starting with `//` is a heading. `<-- nothing` says that no answer comes. Where the
 * expected error leaves out `data`, whatever stands there is accepted. `\u{HH}` in a line of
 * `-->>` is a raw byte, for texts that are no UTF-8; `{{TEXT*N}}` is TEXT N times over.
 */
export interface Exchange {
  readonly title: string;
  readonly send: string | Uint8Array;
  /** undefined: nothing comes back. */
  readonly expect: string | undefined;
}

/** Sends one text as a whole body or frame and resolves to the whole answer, if there is one. */
export type SendText = (text: string | Uint8Array) => Promise<string | undefined>;

// Tests run from dist/test; transcripts stand beside the sources.
const folder = join(import.meta.dirname, '..', '..', '..', 'test', 'transcripts');

const expand = (line: string): string => line.replace(
  /\{\{(.+?)\*(\d+)\}\}/g, (_all, text: string, times: string) => text.repeat(Number(times)),
);

function bytesOf(line: string): Uint8Array {
  const parts = line.split(/\\u\{([0-9a-f]{2})\}/);
  return Buffer.concat(parts.map((part, index) =>
    Buffer.from(part, index % 2 === 1 ? 'hex' : 'utf8')));
}

/** The exchanges of one transcript. */
export function parseTranscript(text: string): Exchange[] {
  const exchanges: Exchange[] = [];
  let title = '';
  let send: string | Uint8Array | undefined;
  for (const raw of text.split('\n')) {
    const line = expand(raw);
    if (line.startsWith('//')) {
      title = line.slice(2).trim();
    } else if (line.startsWith('-->>')) {
      send = bytesOf(line.slice(4).trimStart());
    } else if (line.startsWith('-->')) {
      send = line.slice(3).trimStart();
    } else if (line.startsWith('<--') && send !== undefined) {
      const expect = line.slice(3).trim();
      exchanges.push({ title, send, expect: expect === 'nothing' ? undefined : expect });
      send = undefined;
    } else if (line.trim() !== '') {
      throw new Error(`not a line of a transcript: ${line}`);
    }
  }
  return exchanges;
}

/** Every transcript by file name. */
export const transcripts = (): readonly (readonly [string, readonly Exchange[]])[] =>
  readdirSync(folder).filter((file) => file.endsWith('.txt')).sort()
    .map((file) => [file, parseTranscript(readFileSync(join(folder, file), 'utf8'))] as const);

/** The actual answer with `error.data` left out wherever the expected one has none. */
function trimmed(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((item, index) => trimmed(item, expected[index]));
  }
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  if (!isRecord(actual.error) || !isRecord(expected.error) || 'data' in expected.error) {
    return actual;
  }
  const { data: _, ...error } = actual.error;
  return { ...actual, error };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Plays every transcript over one connection of whatever transport `send` stands for. */
export async function playTranscripts(t: Test, send: SendText): Promise<void> {
  for (const [file, exchanges] of transcripts()) {
    await t.test(file, async (t) => {
      t.ok(exchanges.length > 0, 'holds exchanges');
      for (const { title, send: text, expect } of exchanges) {
        const answer = await send(text);
        if (answer === undefined || expect === undefined) {
          t.equal(answer, expect, title);
          continue;
        }
        const expected: unknown = JSON.parse(expect);
        t.strictSame(trimmed(JSON.parse(answer), expected), expected, title);
      }
    });
  }
}

const define = defineMethod<unknown>();
const Numbers = Type.Object({ minuend: Type.Number(), subtrahend: Type.Number() });

/** Methods that answer at once and later: the specification's examples need them. */
export function transcriptRegistry(): Registry<unknown> {
  const silent = (name: string): Method<unknown> => define({
    name,
    summary: 'Takes up to five values and says nothing.',
    params: Type.Object(Object.fromEntries(
      [1, 2, 3, 4, 5].map((n) => [`value${n}`, Type.Optional(Type.Unknown())]),
    )),
    result: Type.Unknown(),
    access: 'none',
    example: { params: [1, 2], result: null },
    handler: () => null,
  });
  return new Registry({ title: 'Examples of the specification', version: '1.0.0' })
    .method(define({
      name: 'subtract',
      summary: 'Subtracts.',
      params: Numbers,
      result: Type.Number(),
      access: 'none',
      example: { params: { minuend: 42, subtrahend: 23 }, result: 19 },
      handler: (_call, { minuend, subtrahend }) => minuend - subtrahend,
    }))
    .method(define({
      name: 'sum',
      summary: 'Adds three numbers, a little later.',
      params: Type.Object({ a: Type.Number(), b: Type.Number(), c: Type.Number() }),
      result: Type.Number(),
      access: 'none',
      example: { params: [1, 2, 4], result: 7 },
      handler: (_call, { a, b, c }) => Promise.resolve(a + b + c),
    }))
    .method(define({
      name: 'get_data',
      summary: 'Answers a list.',
      params: Type.Object({}),
      result: Type.Array(Type.Unknown()),
      access: 'none',
      example: { params: {}, result: ['hello', 5] },
      handler: () => Promise.resolve(['hello', 5]),
    }))
    .method(define({
      name: 'echo',
      summary: 'Answers its value.',
      params: Type.Object({ value: Type.Unknown() }),
      result: Type.Unknown(),
      access: 'none',
      example: { params: { value: 1 }, result: 1 },
      handler: (_call, { value }) => value,
    }))
    .method(define({
      name: 'fail',
      summary: 'Fails as it is told.',
      params: Type.Object({ how: Type.Enum(['conflict', 'throw', 'reject']) }),
      result: Type.Null(),
      access: 'none',
      example: { params: { how: 'conflict' }, result: null },
      handler: (_call, { how }) => {
        if (how === 'conflict') throw new RpcError(409, 'exists');
        const secret = new Error('the password is 1234');
        if (how === 'throw') throw secret;
        return Promise.reject(secret);
      },
    }))
    .method(define({
      name: 'whoami',
      summary: 'Needs an identity.',
      params: Type.Object({}),
      result: Type.String(),
      access: 'identity',
      example: { params: {}, result: 'simon' },
      handler: ({ identity }) => identity.user,
    }))
    .method(silent('update'))
    .method(silent('foobar'))
    .method(silent('notify_hello'))
    .method(silent('notify_sum'));
}
