import { random } from '../faults/workload.js';

const samples: readonly string[] = [
  '{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":{"a":[1,"x",null,true]}}}',
  '{"jsonrpc":"2.0","id":"ä","method":"echo","params":["😀"]}',
  '[{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]},{"jsonrpc":"2.0","method":"whoami"}]',
  '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}',
  '{"jsonrpc":"2.0","id":null,"method":"rpc.discover"}',
];
const tokens: readonly string[] = [
  '{', '}', '[', ']', '"', ',', ':', '\\', '\\u0000', '\\ud800', 'null', 'true', '1e400', '-0',
  '9007199254740993', '0.1', '""', '{}', '[]', '"id"', '"method"', '"jsonrpc"', '"params"',
  '"__proto__"', '"constructor"', ' ', '\n', '\u0000', '\ufeff', '//', '/*', 'NaN', '[[[[[[[[',
  '{"a":{"a":{"a":', 'é', '\u2028',
];

/** Texts and bytes that are nearly right, the same ones again for the same seed. */
export class Fuzzer {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  below(n: number): number {
    return Math.floor(this.#next() * n);
  }

  pick<T>(list: readonly T[], otherwise: T): T {
    return list[this.below(list.length)] ?? otherwise;
  }

  /** A JSON-RPC text with a few things done to it. */
  text(): string {
    let text = this.pick(samples, '');
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const at = this.below(text.length + 1);
      const to = Math.min(text.length, at + this.below(12));
      const cut = text.slice(at, to);
      const token = this.pick(tokens, '');
      const put = this.pick(['', cut + cut, token, token + cut], '');
      text = text.slice(0, at) + put + text.slice(to);
    }
    return text;
  }

  /** Bytes of a frame, or of what only looks like one: some are whole, few are right. */
  frame(): Buffer {
    const payload = Buffer.from(this.text());
    const head = Buffer.from([this.pick([0x81, 0x81, 0x82, 0x89, 0x01, 0x80], this.below(256)),
      0x80 | Math.min(payload.length, 125), 0, 0, 0, 0]);
    const bytes = Buffer.concat([head, payload.subarray(0, 125)]);
    for (let changes = this.below(3); changes > 0; changes--) {
      bytes[this.below(Math.min(bytes.length, 12))] = this.below(256);
    }
    return this.below(4) === 0 ? bytes.subarray(0, this.below(bytes.length)) : bytes;
  }

  /** A handshake with some of its bytes changed, doubled or left out. */
  handshake(whole: string): string {
    const at = this.below(whole.length);
    const cut = whole.slice(at, at + this.below(20));
    const put = this.pick(['', cut + cut, '\r\n', '\0', ': ', 'x'.repeat(5_000), cut], '');
    return whole.slice(0, at) + put + whole.slice(at + cut.length);
  }
}

const depthOf = (text: string): number => {
  let [depth, most] = [0, 0];
  for (const one of text) {
    if (one === '{' || one === '[') most = Math.max(most, depth += 1);
    if (one === '}' || one === ']') depth -= 1;
  }
  return most;
};

/** What is wrong with the answer to a text, undefined where nothing is. */
export function wrongWith(text: string, answer: string): string | undefined {
  let json = true;
  try {
    JSON.parse(text);
  } catch {
    json = false;
  }
  if (answer === '') return json ? undefined : 'no answer to what is no JSON';
  const value: unknown = JSON.parse(answer);
  const list = Array.isArray(value) ? value as unknown[] : [value];
  if (list.length === 0) return 'an empty batch of answers';
  for (const one of list) {
    const { jsonrpc, id, error } = Object(one) as {
      jsonrpc?: unknown; id?: unknown; error?: { code?: unknown };
    };
    if (jsonrpc !== '2.0' || id === undefined) return 'no response object';
    if (Object.hasOwn(Object(one) as object, 'result') === (error !== undefined)) return 'not one';
    if (error?.code === -32603) return 'an internal error';
    const parse = error?.code === -32700;
    if (!json && !parse) return 'taken though it is no JSON';
    if (json && parse && depthOf(text) <= 32) return 'refused though it is JSON';
  }
  return undefined;
}
